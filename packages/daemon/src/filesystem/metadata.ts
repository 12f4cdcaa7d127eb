import { DrowseError } from '@drowse/protocol'
import type { FileCalls } from './native/file-calls.ts'
import { systemCode } from './fs-error.ts'

/** What every attribute of a file's metadata begins with (wire.md §3.4). */
export const METADATA_PREFIX = 'user.e2b.'

/** Codes of file systems that keep no attributes, and of files that are gone or not ours to read. */
const NOTHING_THERE = new Set(['ENOTSUP', 'ENODATA', 'ENOENT', 'EPERM', 'EACCES', 'ELOOP', 'ENOTDIR', 'E2BIG'])

/** A file's metadata; empty where there is none or it cannot be read. Links are followed. */
export function readMetadata(calls: FileCalls, path: string): Record<string, string> {
  const metadata: Record<string, string> = {}
  try {
    for (const name of calls.listAttributes(path)) {
      if (name.startsWith(METADATA_PREFIX))
        metadata[name.slice(METADATA_PREFIX.length)] = calls.getAttribute(path, name)
    }
  } catch (error) {
    if (!NOTHING_THERE.has(systemCode(error) ?? '')) throw error
  }
  return metadata
}

/**
 * Makes `metadata` all that an open file has; what it had before goes. Throws "invalid_argument" where the file system keeps none and
 * there is some to keep.
 */
export function replaceMetadata(calls: FileCalls, fd: number, metadata: Readonly<Record<string, string>>): void {
  try {
    for (const name of calls.listFileAttributes(fd)) {
      if (name.startsWith(METADATA_PREFIX)) calls.removeFileAttribute(fd, name)
    }
    for (const [key, value] of Object.entries(metadata)) calls.setFileAttribute(fd, METADATA_PREFIX + key, value)
  } catch (error) {
    if (systemCode(error) !== 'ENOTSUP') throw error
    if (Object.keys(metadata).length === 0) return
    throw new DrowseError('invalid_argument', 'Cannot keep metadata: the file system of this path has no attributes', {
      cause: error,
    })
  }
}
