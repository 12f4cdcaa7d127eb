import { join } from 'node:path'
import { ensureDirectory, exec } from '@drowse/common'
import { dataFolder } from '@drowse/node'
import { readBaseRecipe } from './base/base-recipe.ts'
import type { SetupContext } from './context.ts'
import { installFolder, type StagingOwner } from './host/staging.ts'
import { findEngineAsset, recordRunsc } from './runsc/install-runsc.ts'
import { hasLayer } from './templates/layer.ts'
import { readTemplateRecipe } from './templates/template-recipe.ts'
import { isTemplateBuilt, templateSteps } from './templates/template-steps.ts'
import { runSteps } from './steps/run-steps.ts'
import { workspace } from './workspace.ts'

/**
 * Takes over runsc and the base layer from another data folder when they are what a build here would give, so that tests need not build
 * again what `up` has built. Files are shared by hard links where the filesystem allows. Returns the names of what came over.
 */
export async function seedAssets(context: SetupContext, from: string): Promise<string[]> {
  const { folder } = context
  const source = dataFolder(from)
  const taken: string[] = []
  if (source.root === folder.root) return taken
  const runsc = await findEngineAsset(source.engine)
  if (runsc !== undefined && (await findEngineAsset(folder.engine)) === undefined) {
    await ensureDirectory(folder.engine)
    await recordRunsc(folder.engine, { path: runsc.path, source: runsc.source })
    taken.push('runsc')
  }
  const { layerId } = await readBaseRecipe(workspace(context.repository))
  if (await seedLayer(source.layers, folder.layers, layerId)) taken.push('base layer')
  return taken
}

/** Takes over the layers of a template in the same way, and its definition when all of them are there. Resolves with whether it is there then. */
export async function seedTemplate(context: SetupContext, from: string, name: string): Promise<boolean> {
  const { folder, repository } = context
  const source = dataFolder(from)
  const recipe = await readTemplateRecipe(workspace(repository), name)
  if (await isTemplateBuilt(context, recipe)) return true
  for (const { id } of recipe.layers) await seedLayer(source.layers, folder.layers, id, 'templates')
  const present = await Promise.all(recipe.layers.map(({ id }) => hasLayer(folder.layers, id)))
  if (present.includes(false)) return false
  const { signal } = new AbortController()
  await runSteps(templateSteps(context, recipe), { onEvent: () => undefined, signal })
  return true
}

/** Takes over one layer if only the other folder has it. Resolves with whether it did. */
async function seedLayer(from: string, to: string, id: string, owner?: StagingOwner): Promise<boolean> {
  if ((await hasLayer(to, id)) || !(await hasLayer(from, id))) return false
  await installFolder(to, id, (staging) => copyTree(join(from, id), staging), owner)
  return true
}

async function copyTree(from: string, to: string): Promise<void> {
  const args = ['--archive', '--one-file-system', '--no-target-directory', from, to]
  try {
    await exec('cp', ['--link', ...args], { timeoutMs: 300_000 })
  } catch {
    // Another filesystem: real copies.
    await exec('cp', ['--reflink=auto', '--remove-destination', ...args], { timeoutMs: 600_000 })
  }
}
