import { access, chmod, mkdir, statfs } from 'node:fs/promises'
import { exec } from '@drowse/common'

/** Longest time, in ms, to bring dirty files to disk. */
const SYNC_TIMEOUT_MS = 120_000

/** Bytes that may still be written below `path`. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path)
  return bavail * bsize
}

/** Brings every written byte of the filesystem of `path` to disk (syncfs, for which Node has no call). */
export async function syncFilesystem(path: string): Promise<void> {
  await exec('sync', ['-f', path], { timeoutMs: SYNC_TIMEOUT_MS })
}

/** Makes the directory that will be the guest's `/`: overlayfs shows its mode, so every user must be able to pass, whatever our umask. */
export async function makeRootDirectory(path: string): Promise<void> {
  await mkdir(path)
  await chmod(path, 0o755)
}

/** Whether something has the name `path`. */
export async function pathExists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
