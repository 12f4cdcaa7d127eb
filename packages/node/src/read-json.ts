import { readFile } from 'node:fs/promises'
import type { z } from 'zod'

/** Reads and checks a JSON file; `undefined` when there is none. Throws on text that is not JSON or not of the schema. */
export async function findJson<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  const text = await findText(path)
  return text === undefined ? undefined : schema.parse(JSON.parse(text))
}

async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isNoEntry(error)) return undefined
    throw error
  }
}

/** Whether a file operation failed because the name does not exist. */
export function isNoEntry(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
