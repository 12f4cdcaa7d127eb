import { mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Replaces `path` with `data` so that a crash at any moment leaves the old or the new content, whole.
 * When it resolves the content and its name are on disk. New files get `mode` (default 0600).
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array, mode = 0o600): Promise<void> {
  const temporary = `${path}.${process.pid}.${Date.now().toString(36)}.tmp`
  const file = await open(temporary, 'w', mode)
  try {
    await file.writeFile(data)
    await file.sync()
  } finally {
    await file.close()
  }
  await renameDurable(temporary, path)
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
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a directory and its parents, with `mode` for each new one (default 0700). */
export async function ensureDirectory(path: string, mode = 0o700): Promise<void> {
  await mkdir(path, { recursive: true, mode })
}
