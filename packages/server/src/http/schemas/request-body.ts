import { z } from 'zod'

/**
 * A JSON object body. A missing body is an empty one, a field that is null is absent (generated clients send nulls), and
 * unknown fields are ignored: newer clients send more than this server knows.
 */
export function requestBody<Shape extends z.core.$ZodLooseShape>(shape: Shape): z.ZodPreprocess<z.ZodObject<Shape>> {
  return z.preprocess(dropNulls, z.object(shape))
}

function dropNulls(body: unknown): unknown {
  if (body === null || body === undefined) return {}
  if (typeof body !== 'object' || Array.isArray(body)) return body
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null))
}
