import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { hashFile } from '../host/hash-file.ts'

/** Hash of the names and contents of all files in a folder, in hex; times, owners and order do not matter. */
export async function hashFolder(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${relative(directory, file)}\0${await hashFile(file)}\n`)
  return hash.digest('hex')
}
