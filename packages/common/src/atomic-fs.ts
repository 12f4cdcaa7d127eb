import { randomBytes } from 'node:crypto'
import { closeSync, fsync, openSync } from 'node:fs'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const fsyncDescriptor = promisify(fsync)

/** New content of a file, which is on disk but not in its place. */
export interface PreparedFile {
  /** Puts it in its place. When it resolves the content and its name are on disk. */
  publish: () => Promise<void>
  /** Takes it away instead. */
  discard: () => Promise<void>
}

/**
 * Replaces `path` with `data` so that a crash at any moment leaves the old or the new content, whole.
 * When it resolves the content and its name are on disk. New files get `mode` (default 0600).
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const prepared = await prepareFile(path, data, mode)
  await prepared.publish()
}

/** Does of {@link writeFileAtomic} what may be done before it is known whether the new content is wanted: the larger half of its time. */
export async function prepareFile(path: string, data: string | Uint8Array, mode = 0o600): Promise<PreparedFile> {
  const temporary = `${path}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`
  const file = await open(temporary, 'w', mode)
  try {
    await file.writeFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
  return {
    publish: async () => await renameDurable(temporary, path),
    discard: async () => await rm(temporary, { force: true }),
  }
}

/** Renames within one directory or between two and makes the new name durable. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await rename(from, to)
  await syncDirectory(dirname(to))
}

/** Makes the names inside a directory durable. */
export async function syncDirectory(path: string): Promise<void> {
  await syncPath(path)
}

/** Makes a file's content durable. */
export async function syncPath(path: string): Promise<void> {
  // Open and close touch nothing but memory; each would wait for a thread of its own otherwise.
  const descriptor = openSync(path, 'r')
  try {
    await fsyncDescriptor(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes a directory and its parents, with `mode` for each new one (default 0700). */
export async function ensureDirectory(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, { recursive: true, mode })
}
