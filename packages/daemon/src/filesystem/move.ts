import { cp, lchown, lstat, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { User } from '../users/user-database.ts'
import { fsError, systemCode } from './fs-error.ts'
import { ensureDirectory } from './make-dir.ts'

/**
 * `Move`: renames a file or directory and makes the destination's parents. Throws "not_found" without a source.
 *
 * Where the kernel cannot rename (from /tmp, which is memory, to the disk; directories of a lower overlay layer) the tree is
 * copied with its modes, owners and times and then removed; only this case is not atomic.
 */
export async function move(source: string, destination: string, user: User): Promise<void> {
  try {
    await lstat(source)
    await ensureDirectory(dirname(destination), user)
    await rename(source, destination)
  } catch (error) {
    if (systemCode(error) !== 'EXDEV') throw fsError(error, 'move', source)
    await moveAcross(source, destination)
  }
}

async function moveAcross(source: string, destination: string): Promise<void> {
  try {
    await cp(source, destination, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
    await copyOwners(source, destination)
    await rm(source, { recursive: true, force: true })
  } catch (error) {
    throw fsError(error, 'move', source)
  }
}

async function copyOwners(source: string, destination: string): Promise<void> {
  const found = await lstat(source)
  await lchown(destination, found.uid, found.gid)
  if (!found.isDirectory()) return
  for (const name of await readdir(source)) await copyOwners(join(source, name), join(destination, name))
}
