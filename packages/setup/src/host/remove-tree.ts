import { readFile, rm } from 'node:fs/promises'
import { exec } from '@drowse/common'

/** Deletes a folder with all in it, after taking off whatever is mounted there, so that nothing beyond it is touched. Unknown paths are fine. */
export async function removeTree(path: string): Promise<void> {
  const mounts = mountsUnder(await readFile('/proc/self/mountinfo', 'utf8'), path)
  for (const mount of mounts) await exec('umount', ['--lazy', mount])
  await rm(path, { recursive: true, force: true })
}

/** Mount points at or below `path`, innermost first, out of the text of /proc/self/mountinfo. */
export function mountsUnder(mountinfo: string, path: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((escaped) =>
      escaped.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8))),
    )
    .filter((mount) => mount === path || mount.startsWith(`${path}/`))
    .toReversed()
}
