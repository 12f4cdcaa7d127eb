import { constants } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { DrowseError } from '@drowse/protocol'
import { fsError, systemCode } from '../filesystem/fs-error.ts'
import { ensureDirectory } from '../filesystem/make-dir.ts'
import { replaceMetadata } from '../filesystem/metadata.ts'
import { isOnNetworkMount, readMounts } from '../filesystem/mount-table.ts'
import type { FileCalls } from '../filesystem/native/file-calls.ts'
import type { User } from '../users/user-database.ts'
import { batches } from './batches.ts'

/** A file that was written, as clients read it. */
export interface WrittenFile {
  name: string
  path: string
  type: 'file'
  metadata?: Record<string, string>
}

/** What a file is written with. */
export interface WriteOptions {
  /** Owner of the file and of the parents that it needs. */
  user: User
  /** All that the file has afterwards. */
  metadata: Readonly<Record<string, string>>
  calls: FileCalls
}

/**
 * Writes a stream into a file, over what it held; makes missing parents. Links are followed, and the file stays the one it is, for those
 * who watch it or have it open. Throws "invalid_argument" for what takes no bytes, and "disk_full".
 *
 * The first batch is here before the file is touched: an upload up to 1 MiB that is cut off changes nothing. A larger one leaves the part
 * that came in a file that was there, and nothing of a new file.
 */
export async function writeFile(path: string, source: Readable, options: WriteOptions): Promise<WrittenFile> {
  const content = batches(source)
  try {
    const first = (await content.next()).value ?? Buffer.alloc(0)
    const { file, isNew } = await openOrMake(path, options.user)
    try {
      await prepare(file, path, isNew, options)
      await writeAll(file, first)
      for await (const batch of content) await writeAll(file, batch)
    } catch (error) {
      if (isNew) await rm(path, { force: true })
      throw fsError(error, 'write', path)
    } finally {
      await file.close()
    }
  } finally {
    await content.return()
  }
  const { metadata } = options
  const written: WrittenFile = { name: basename(path), path, type: 'file' }
  return Object.keys(metadata).length === 0 ? written : { ...written, metadata: { ...metadata } }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at)
    at += bytesWritten
  }
}

async function prepare(file: FileHandle, path: string, isNew: boolean, options: WriteOptions): Promise<void> {
  const { user, metadata, calls } = options
  const found = await file.stat()
  if (!found.isFile()) {
    // Bytes may go to /dev/null and a terminal, but those stay whose they are.
    if (!found.isCharacterDevice()) throw new DrowseError('invalid_argument', `path is not a file: ${path}`)
    return
  }
  if (found.uid !== user.uid || found.gid !== user.gid) await file.chown(user.uid, user.gid)
  const isEmpty = Object.keys(metadata).length === 0
  if (isNew && isEmpty) return
  if (!isOnNetworkMount(readMounts(), path)) replaceMetadata(calls, file.fd, metadata)
  // A call about attributes would hold up the whole daemon when such a mount hangs.
  else if (!isEmpty) throw new DrowseError('invalid_argument', `Cannot keep metadata: ${path} is on a network mount`)
}

const { O_WRONLY, O_CREAT, O_EXCL, O_TRUNC, O_NONBLOCK } = constants

async function openOrMake(path: string, user: User): Promise<{ file: FileHandle; isNew: boolean }> {
  try {
    return await openEither(path)
  } catch (error) {
    const code = systemCode(error)
    if (code === 'EISDIR') throw new DrowseError('invalid_argument', `path is a directory: ${path}`, { cause: error })
    if (code === 'ENXIO') throw new DrowseError('invalid_argument', `path is not a file: ${path}`, { cause: error })
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw fsError(error, 'write', path)
  }
  await ensureDirectory(dirname(path), user)
  try {
    return await openEither(path)
  } catch (error) {
    throw fsError(error, 'write', path)
  }
}

async function openEither(path: string): Promise<{ file: FileHandle; isNew: boolean }> {
  try {
    return { file: await open(path, O_WRONLY | O_CREAT | O_EXCL, 0o666), isNew: true }
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
  // A FIFO that nobody reads would make this wait otherwise. What a dangling link points to is made.
  return { file: await open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o666), isNew: false }
}
