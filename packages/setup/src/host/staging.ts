import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, exec, renameDurable } from '@drowse/common'
import { removeTree } from './remove-tree.ts'

/** Names of folders that are being made, by who makes them: each removes only its own. */
const PREFIXES = { up: '.staging-', templates: '.building-' } as const

/** Who makes folders in a place that others make some in, too. */
export type StagingOwner = keyof typeof PREFIXES

/**
 * Makes `directory/name` whole or not at all: `fill` works in a staging folder, which is then made durable and renamed into place.
 * What an interrupted run left behind is removed first, and what this run leaves when it fails is removed at once.
 */
export async function installFolder(
  directory: string,
  name: string,
  fill: (staging: string) => Promise<void>,
  owner: StagingOwner = 'up',
): Promise<string> {
  await ensureDirectory(directory)
  const staging = join(directory, `${PREFIXES[owner]}${name}`)
  const target = join(directory, name)
  await removeTree(staging)
  try {
    await mkdir(staging, { mode: 0o755 })
    await fill(staging)
    await exec('sync', ['--file-system', staging], { timeoutMs: 300_000 })
    await removeTree(target)
    await renameDurable(staging, target)
  } catch (error) {
    await removeTree(staging)
    throw error
  }
  return target
}

/** Removes the staging folders that interrupted runs left in `directory`. */
export async function removeStaging(directory: string, owner: StagingOwner = 'up'): Promise<void> {
  await ensureDirectory(directory)
  for (const name of await readdir(directory)) {
    if (name.startsWith(PREFIXES[owner])) await removeTree(join(directory, name))
  }
}
