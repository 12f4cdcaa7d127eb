import { readFile } from 'node:fs/promises'

/** The text of a file; `undefined` when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
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
