import { existsSync } from 'node:fs'
import { readdir, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { DataFolder } from '@drowse/node'
import { removeTree } from './host/remove-tree.ts'
import { BUILD_LOCK } from './templates/build-templates.ts'

/** Whether an installation, even a half-made one, lives in the folder. */
export function isInstallation(folder: DataFolder): boolean {
  return [folder.hostRecord, folder.engine, folder.database].some((path) => existsSync(path))
}

/** Deletes what Drowse keeps in its data folder, and the folder when nothing else is in it. Returns the names of what is left. */
export async function removeData(folder: DataFolder): Promise<string[]> {
  const { root, database, ...places } = folder
  const own = [...Object.values(places), dirname(database), join(root, 'setup.lock'), join(root, BUILD_LOCK)]
  for (const path of own) await removeTree(path)
  const left = await readdir(root).catch(() => undefined)
  if (left?.length === 0) await rmdir(root)
  return left ?? []
}
