import { chown, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import type { User } from '../users/user-database.ts'
import { fsError, systemCode } from './fs-error.ts'

/** `MakeDir`: makes a directory and its parents. Throws "conflict" when it exists, "invalid_argument" when a file is in the way. */
export async function makeDir(path: string, user: User): Promise<void> {
  const existing = await stat(path).catch(() => undefined)
  if (existing?.isDirectory()) throw new DrowseError('conflict', `directory already exists: ${path}`)
  if (existing !== undefined) {
    throw new DrowseError('invalid_argument', `path already exists but it is not a directory: ${path}`)
  }
  await ensureDirectory(path, user)
}

/** Makes `path` and its missing parents, each with mode 0755 and owned by `user`; what exists is left as it is. */
export async function ensureDirectory(path: string, user: User): Promise<void> {
  try {
    await makeMissing(path, user)
  } catch (error) {
    throw fsError(error, 'make directory', path)
  }
}

async function makeMissing(path: string, user: User): Promise<void> {
  try {
    await mkdir(path, { mode: 0o755 })
    await chown(path, user.uid, user.gid)
  } catch (error) {
    if (systemCode(error) === 'ENOENT' && dirname(path) !== path) {
      await makeMissing(dirname(path), user)
      await makeMissing(path, user)
    } else if (systemCode(error) !== 'EEXIST') {
      throw error
    } else if (!(await stat(path)).isDirectory()) {
      throw new DrowseError('invalid_argument', `path is not a directory: ${path}`)
    }
  }
}
