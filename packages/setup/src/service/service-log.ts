import { open, rename, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, isNoEntry } from '@drowse/common'
import type { DataFolder } from '@drowse/node'

/** A log above this size, in bytes, becomes `service.log.1` at the next start. */
const MAX_LOG_BYTES = 20 * 1024 * 1024
/** How much of the log's end is read for its last lines, in bytes. */
const TAIL_BYTES = 1024 * 1024

/** Path of the log that the background service writes. */
export function serviceLogPath(folder: DataFolder): string {
  return join(folder.logs, 'service.log')
}

/** Opens the log for a service that is about to start, after moving a big one aside. */
export async function openServiceLog(folder: DataFolder): Promise<FileHandle> {
  await ensureDirectory(folder.logs)
  const path = serviceLogPath(folder)
  const size = await stat(path).then(
    (info) => info.size,
    () => 0,
  )
  if (size > MAX_LOG_BYTES) await rename(path, `${path}.1`)
  return open(path, 'a', 0o600)
}

/** The last `count` lines of the log, and how far the file has been read, in bytes. An absent log is empty. */
export async function tailServiceLog(folder: DataFolder, count: number): Promise<{ lines: string[]; offset: number }> {
  let file: FileHandle
  try {
    file = await open(serviceLogPath(folder), 'r')
  } catch (error) {
    if (isNoEntry(error)) return { lines: [], offset: 0 }
    throw error
  }
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - TAIL_BYTES)
    const buffer = Buffer.alloc(size - start)
    const { bytesRead } = await file.read(buffer, 0, buffer.length, start)
    const lines = buffer.subarray(0, bytesRead).toString('utf8').split('\n').filter(Boolean)
    return { lines: count === 0 ? [] : lines.slice(-count), offset: start + bytesRead }
  } finally {
    await file.close()
  }
}
