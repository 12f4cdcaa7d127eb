import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, writeFileAtomic } from '@drowse/common'
import { templateDefinitionSchema, type TemplateDefinition } from '@drowse/node'
import type { SetupContext } from '../context.ts'
import { readJsonFile } from '../host/read-json-file.ts'
import { installFolder, removeStaging } from '../host/staging.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import { workspace } from '../workspace.ts'
import { readBaseRecipe } from './base-recipe.ts'
import { buildBase } from './build-base.ts'

/** Disk that a sandbox is said to have, in MiB; the clients' usual number. */
export const DISK_SIZE_MB = 10_240

/** Makes the layer of the base template unless the one of the same recipe is there, and writes its `template.json`. */
export async function installBase(context: SetupContext, tools: StepTools): Promise<StepOutcome> {
  const { folder, repository } = context
  const places = workspace(repository)
  const recipe = await readBaseRecipe(places)
  await ensureDirectory(folder.layers)
  await removeStaging(folder.layers)
  const isPresent = await hasLayer(folder.layers, recipe.layerId)
  if (!isPresent) {
    await installFolder(folder.layers, recipe.layerId, async (staging) => {
      await buildBase(join(staging, 'root'), recipe, places, tools)
      const layer = { id: recipe.layerId, suite: recipe.suite, packages: recipe.packages }
      await writeFileAtomic(join(staging, 'layer.json'), JSON.stringify(layer, null, 2))
    })
  }
  await writeDefinition(context, recipe.layerId)
  return { status: isPresent ? 'kept' : 'done', detail: recipe.layerId }
}

/** Whether `layers/<id>` is whole: its description is written last and the folder renamed into place after that. */
export async function hasLayer(layers: string, id: string): Promise<boolean> {
  return stat(join(layers, id, 'layer.json')).then(
    () => true,
    () => false,
  )
}

async function writeDefinition({ folder, config }: SetupContext, layerId: string): Promise<void> {
  const definition: TemplateDefinition = {
    id: 'base',
    names: ['base'],
    layers: [layerId],
    memoryMb: config.memoryMb,
    cpuCount: config.cpuCount,
    diskSizeMb: DISK_SIZE_MB,
  }
  const directory = join(folder.templates, definition.id)
  const path = join(directory, 'template.json')
  const present = templateDefinitionSchema.safeParse(await readJsonFile(path))
  if (present.success && JSON.stringify(present.data) === JSON.stringify(definition)) return
  await ensureDirectory(directory)
  await writeFileAtomic(path, JSON.stringify(definition, null, 2))
}
