import { z } from 'zod'

/** The schema of an object whose fields may be null for absent: generated clients send nulls. */
export function withoutNulls<Schema extends z.ZodType>(schema: Schema): z.ZodPreprocess<Schema> {
  return z.preprocess(dropNulls, schema)
}

/** An object without the fields that are null; anything else as it is. */
export function dropNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
}
