import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { existsSync } from 'node:fs'
import { exec } from '@drowse/common'
import type { SetupContext } from '../context.ts'
import { tiedCommand } from '../host/tied-command.ts'
import type { Finding } from './finding.ts'

/** Checks, by a mount that nobody else sees, that overlayfs works on the filesystem of the data folder. */
export async function checkOverlayfs({ folder }: SetupContext): Promise<Finding> {
  const name = 'overlayfs'
  const directory = await mkdtemp(
    join(process.getuid?.() === 0 ? nearestFolder(folder.root) : tmpdir(), '.drowse-overlay-'),
  )
  try {
    const [lower, upper, work, root] = ['lower', 'upper', 'work', 'root'].map((part) => join(directory, part)) as [
      string,
      string,
      string,
      string,
    ] // four names give four paths
    for (const path of [lower, upper, work, root]) await mkdir(path)
    const options = `lowerdir=${lower},upperdir=${upper},workdir=${work}`
    await exec(...tiedCommand('mount', ['-t', 'overlay', 'overlay', '-o', options, root]), { timeoutMs: 10_000 })
    return { name, status: 'ok', detail: 'works on the data folder' }
  } catch (error) {
    return {
      name,
      status: 'fail',
      detail: `cannot be mounted over the filesystem of "${folder.root}": ${(error as Error).message.split('\n').at(-1)}`,
      fix: 'Run "modprobe overlay"; put the data folder on ext4 or xfs (not on another overlay, NFS or FUSE) with --data.',
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** The folder itself or its nearest parent that exists. */
export function nearestFolder(path: string): string {
  return existsSync(path) ? path : nearestFolder(dirname(path))
}
