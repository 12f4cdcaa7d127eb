import { mkdir, mkdtemp, open, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { exec } from '@drowse/common'

/** A file system of its own, so small that it can be filled. */
export interface SmallDisk extends AsyncDisposable {
  /** Folder in it that may be used. */
  directory: string
  /** Bytes that may still be written. */
  freeBytes(): Promise<number>
  /** Takes all but so many bytes away. */
  fillUpTo(freeBytes: number): Promise<void>
  /** Gives back what was taken. */
  empty(): Promise<void>
}

/** Makes an ext4 file system of `bytes` bytes in a sparse file and mounts it. */
export async function makeSmallDisk(bytes: number): Promise<SmallDisk> {
  const base = await mkdtemp('/var/tmp/drowse-disk-')
  const [file, mountPoint] = [join(base, 'disk.ext4'), join(base, 'm')]
  const ballast = join(mountPoint, 'ballast')
  await mkdir(mountPoint)
  {
    await using handle = await open(file, 'w')
    await handle.truncate(bytes)
  }
  await exec('mkfs.ext4', ['-q', '-m', '0', file])
  await exec('mount', ['-o', 'loop', file, mountPoint])
  const directory = join(mountPoint, 'drowse-test-small')
  await mkdir(directory, { mode: 0o711 })
  await mkdir(ballast)
  const freeBytes = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(mountPoint)
    return bavail * bsize
  }
  return {
    directory,
    freeBytes,
    async fillUpTo(rest) {
      const length = Math.floor((await freeBytes()) - rest)
      if (length <= 0) return
      const name = String((await readdir(ballast)).length)
      await exec('fallocate', ['-l', String(length), join(ballast, name)])
    },
    async empty() {
      for (const name of await readdir(ballast)) await rm(join(ballast, name))
    },
    async [Symbol.asyncDispose]() {
      await exec('umount', [mountPoint])
      await rm(base, { recursive: true })
    },
  }
}
