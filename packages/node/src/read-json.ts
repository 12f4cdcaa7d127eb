import { readIfThere } from '@drowse/common'
import type { z } from 'zod'

/** Reads and checks a JSON file; `undefined` when there is none. Throws on text that is not JSON or not of the schema. */
export async function findJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await readIfThere(path)
  return text === undefined ? undefined : schema.parse(JSON.parse(text))
}
