import { statfs } from 'node:fs/promises'
import type { SetupContext } from '../context.ts'
import { hasLayer } from '../templates/layer.ts'
import { readBaseRecipe } from '../base/base-recipe.ts'
import { workspace } from '../workspace.ts'
import { nearestFolder } from './check-overlayfs.ts'
import type { Finding } from './finding.ts'

/** What the first setup writes at its height, in GB: toolchain and build caches 2.5, base template 0.8, images. */
const FIRST_SETUP_GB = 5
/** Below this, in GB, pauses may soon fail for lack of space. */
const LOW_GB = 4

/** Checks the free space on the data folder's filesystem. */
export async function checkDisk({ folder, repository }: SetupContext): Promise<Finding> {
  const { bavail, bsize } = await statfs(nearestFolder(folder.root))
  const recipe = await readBaseRecipe(workspace(repository))
  return judgeDisk((bavail * bsize) / 1e9, await hasLayer(folder.layers, recipe.layerId), folder.root)
}

/** Judges the free space, in GB, before (`isSetUp` false) or after the first setup. */
export function judgeDisk(freeGb: number, isSetUp: boolean, root: string): Finding {
  const name = 'disk'
  const detail = `${freeGb.toFixed(1)} GB free for "${root}"`
  const fix = `Free disk space, or choose another place with --data.`
  if (!isSetUp && freeGb < FIRST_SETUP_GB) {
    return { name, status: 'fail', detail: `${detail}, the first setup needs ${FIRST_SETUP_GB}`, fix }
  }
  if (freeGb < 0.5) return { name, status: 'fail', detail: `${detail}: nothing can be paused`, fix }
  if (freeGb < LOW_GB) return { name, status: 'warn', detail: `${detail}: few sandboxes can be paused`, fix }
  return { name, status: 'ok', detail }
}
