import { open, writeFile as write, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { DrowseError } from '@drowse/protocol'
import { fsError } from '../filesystem/fs-error.ts'
import { ensureDirectory } from '../filesystem/make-dir.ts'
import type { User } from '../users/user-database.ts'

/** A file that was written, as clients read it. */
export interface WrittenFile {
  name: string
  path: string
  type: 'file'
}

/**
 * Writes a stream into a file, over what it held, and gives it to `user`; makes missing parents. Links are followed.
 * Throws "invalid_argument" for a directory and "disk_full"; after a failure the file may hold a part.
 */
export async function writeFile(path: string, content: Readable, user: User): Promise<WrittenFile> {
  const file = await openFile(path, user)
  try {
    await file.chown(user.uid, user.gid)
    await write(file, content)
  } catch (error) {
    throw fsError(error, 'write', path)
  } finally {
    await file.close()
  }
  return { name: basename(path), path, type: 'file' }
}

async function openFile(path: string, user: User): Promise<FileHandle> {
  try {
    return await open(path, 'w', 0o666)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    if (error.code === 'EISDIR') throw new DrowseError('invalid_argument', `path is a directory: ${path}`)
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw fsError(error, 'write', path)
  }
  await ensureDirectory(dirname(path), user)
  try {
    return await open(path, 'w', 0o666)
  } catch (error) {
    throw fsError(error, 'write', path)
  }
}
