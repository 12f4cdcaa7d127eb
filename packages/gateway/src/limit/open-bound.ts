import { readFile } from 'node:fs/promises'

/** Most file descriptors kept for everything but traffic: the store, logs, images, runsc's sockets. */
const RESERVED_FILES = 1_000

/** How many file descriptors this process may have open; `undefined` when the kernel does not say. */
export async function openFileLimit(): Promise<number | undefined> {
  return parseFileLimit(await readFile('/proc/self/limits', 'utf8'))
}

/** The soft limit of open files in the text of `/proc/<pid>/limits`; infinite for "unlimited". */
export function parseFileLimit(text: string): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1]
  if (soft === undefined) return undefined
  return soft === 'unlimited' ? Infinity : Number(soft)
}

/**
 * How many connections clients may have open: what is `wanted` (0 for as many as can be), but never so many that the process runs out of files. Each may need a
 * file of its own and another for its way into a sandbox.
 */
export function openBound(wanted: number, files: number | undefined): number {
  const most = wanted === 0 ? Infinity : wanted
  if (files === undefined) return most
  const reserved = Math.min(RESERVED_FILES, Math.floor(files / 4))
  return Math.min(most, Math.max(1, Math.floor((files - reserved) / 2)))
}
