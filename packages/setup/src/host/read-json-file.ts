import { readFile } from 'node:fs/promises'
import { isNoEntry } from '@drowse/common'

/** Parses a file as JSON; `undefined` when it is absent or cut short. The caller checks the shape. */
export async function readJsonFile(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError || isNoEntry(error)) return undefined
    throw error
  }
}
