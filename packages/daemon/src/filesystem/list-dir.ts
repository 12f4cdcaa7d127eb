import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError, type EntryInfo } from '@drowse/protocol'
import type { UserDatabase } from '../users/user-database.ts'
import { entryInfo } from './entry-info.ts'
import { fsError, systemCode } from './fs-error.ts'

/** How many entries are looked at at once. */
const BATCH = 64

/**
 * `ListDir`: what is under a directory, `depth` levels deep (0 means 1), each directory right before what it holds, names in
 * lexical order. Links below `path` are not followed. Throws "not_found", or "invalid_argument" when it is no directory.
 */
export async function listDir(path: string, depth: number, users: UserDatabase): Promise<EntryInfo[]> {
  try {
    if (!(await stat(path)).isDirectory()) throw new DrowseError('invalid_argument', `path is not a directory: ${path}`)
    const found: EntryInfo[] = []
    await walk(path, Math.max(1, depth), users, found)
    return found
  } catch (error) {
    throw fsError(error, 'list', path)
  }
}

async function walk(directory: string, depth: number, users: UserDatabase, found: EntryInfo[]): Promise<void> {
  const children = (await readdir(directory, { withFileTypes: true })).sort(byName)
  for (let start = 0; start < children.length; start += BATCH) {
    const batch = children.slice(start, start + BATCH)
    const entries = await Promise.all(batch.map((child) => entryIfPresent(join(directory, child.name), users)))
    for (const [index, entry] of entries.entries()) {
      if (entry === undefined) continue
      found.push(entry)
      if (depth > 1 && batch[index]?.isDirectory()) await walkIfPresent(entry.path, depth - 1, users, found)
    }
  }
}

/** Entries come and go while they are listed: one that is gone is left out. */
async function entryIfPresent(path: string, users: UserDatabase): Promise<EntryInfo | undefined> {
  try {
    return await entryInfo(path, users)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function walkIfPresent(path: string, depth: number, users: UserDatabase, found: EntryInfo[]): Promise<void> {
  try {
    await walk(path, depth, users, found)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1
}
