import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'

/** Longest time, in ms, to hash one image: at 100 MB/s on a busy machine this is 90 GB. */
const TIMEOUT_MS = 15 * 60_000
/** One line of sha256sum, which puts a backslash before lines with escaped names. */
const LINE = /^\\?([0-9a-f]{64}) /

/**
 * Hashes files of a folder in a process of the lowest priority; resolves with their sha256 in the same order.
 * It takes about a second a GiB. Throws when a file is missing or `signal` ends it.
 */
export async function hashFiles(directory: string, names: readonly string[], signal?: AbortSignal): Promise<string[]> {
  if (names.length === 0) return []
  const paths = names.map((name) => join(directory, name))
  const { stdout } = await exec('nice', ['-n', '19', 'sha256sum', '--', ...paths], {
    timeoutMs: TIMEOUT_MS,
    ...(signal === undefined ? {} : { signal }),
  })
  const hashes = stdout.split('\n').flatMap((line) => LINE.exec(line)?.[1] ?? [])
  if (hashes.length === names.length) return hashes
  throw new DrowseError('internal', `Cannot hash "${directory}": sha256sum gave ${hashes.length} lines`)
}

/** Hashes one small file here. */
export async function hashSmallFile(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}
