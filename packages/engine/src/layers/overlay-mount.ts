import { readFile } from 'node:fs/promises'
import { exec } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'

const TIMEOUT_MS = 15_000

/** Directories of one overlay mount. */
export interface Overlay {
  /** Read-only layers, topmost first. */
  layers: readonly string[]
  upperDirectory: string
  workDirectory: string
  mountPoint: string
}

/**
 * Mounts read-only layers under a writable directory.
 * Throws "invalid_argument" when a path holds a character that separates overlay options.
 */
export async function mountOverlay({ layers, upperDirectory, workDirectory, mountPoint }: Overlay): Promise<void> {
  for (const path of [...layers, upperDirectory, workDirectory]) {
    if (/[:,\\]/.test(path)) {
      throw new DrowseError('invalid_argument', `Cannot mount a root over "${path}": its name has one of : , \\`)
    }
  }
  // redirect_dir lets guests rename folders of the layers. index ties an upper directory to its first mount and metacopy
  // leaves file data behind in a lower layer: both off, so that an upper directory can be moved and stacked as a layer.
  const options = [
    `lowerdir=${layers.join(':')}`,
    `upperdir=${upperDirectory}`,
    `workdir=${workDirectory}`,
    'redirect_dir=on',
    'index=off',
    'metacopy=off',
  ]
  await exec('mount', ['-t', 'overlay', 'overlay', '-o', options.join(','), mountPoint], { timeoutMs: TIMEOUT_MS })
}

/** Unmounts everything mounted at `mountPoint`. Idempotent. A mount that is still in use is detached. */
export async function unmountOverlay(mountPoint: string): Promise<void> {
  for (let mounts = await countMounts(mountPoint); mounts > 0; mounts--) {
    try {
      await exec('umount', [mountPoint], { timeoutMs: TIMEOUT_MS })
    } catch {
      // Busy: a process with an open file there is on its way out, and the lazy unmount ends with it.
      await exec('umount', ['--lazy', mountPoint], { timeoutMs: TIMEOUT_MS })
    }
  }
}

async function countMounts(mountPoint: string): Promise<number> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  const escaped = mountPoint.replaceAll(/[ \t\n\\]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`)
  return table.split('\n').filter((line) => line.split(' ')[4] === escaped).length
}
