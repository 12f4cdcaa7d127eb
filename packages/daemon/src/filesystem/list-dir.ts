import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as others } from 'node:timers/promises'
import { DrowseError, type EntryInfo } from '@drowse/protocol'
import { entryDescriber, type DescribeEntry, type EntrySource } from './entry-info.ts'
import { fsError, systemCode } from './fs-error.ts'

/** How many entries are described before other requests get their turn: some 3 ms. */
const BATCH = 64
/** Most entries of one answer: some 100 MB of JSON, and the memory for it. */
const MAX_ENTRIES = 250_000

/**
 * `ListDir`: what is under a directory, `depth` levels deep (0 means 1), each directory right before what it holds, names in
 * lexical order. Links below `path` are not followed. Throws "not_found", or "invalid_argument" when it is no directory or holds more
 * than 250,000 entries.
 */
export async function listDir(path: string, depth: number, source: EntrySource): Promise<EntryInfo[]> {
  try {
    if (!(await stat(path)).isDirectory()) throw new DrowseError('invalid_argument', `path is not a directory: ${path}`)
    const found: EntryInfo[] = []
    await walk(path, Math.max(1, depth), entryDescriber(source), found)
    return found
  } catch (error) {
    throw fsError(error, 'list', path)
  }
}

async function walk(directory: string, depth: number, describe: DescribeEntry, found: EntryInfo[]): Promise<void> {
  const children = (await readdir(directory, { withFileTypes: true })).sort(byName)
  for (let start = 0; start < children.length; start += BATCH) {
    if (start > 0) await others()
    const batch = children.slice(start, start + BATCH)
    const entries = await Promise.all(batch.map((child) => entryIfPresent(join(directory, child.name), describe)))
    for (const [index, entry] of entries.entries()) {
      if (entry === undefined) continue
      if (found.push(entry) > MAX_ENTRIES) {
        throw new DrowseError(
          'invalid_argument',
          `Cannot list "${directory}": there are more than ${MAX_ENTRIES} entries`,
        )
      }
      if (depth > 1 && batch[index]?.isDirectory()) await walkIfPresent(entry.path, depth - 1, describe, found)
    }
  }
}

/** Entries come and go while they are listed: one that is gone is left out. */
async function entryIfPresent(path: string, describe: DescribeEntry): Promise<EntryInfo | undefined> {
  try {
    return await describe(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function walkIfPresent(path: string, depth: number, describe: DescribeEntry, found: EntryInfo[]): Promise<void> {
  try {
    await walk(path, depth, describe, found)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1
}
