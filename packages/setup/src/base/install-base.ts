import { join } from 'node:path'
import { ensureDirectory } from '@drowse/common'
import type { SetupContext } from '../context.ts'
import { removeStaging } from '../host/staging.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import { installLayer } from '../templates/layer.ts'
import { DISK_SIZE_MB, writeDefinition } from '../templates/template-definition.ts'
import { workspace } from '../workspace.ts'
import { readBaseRecipe } from './base-recipe.ts'
import { buildBase } from './build-base.ts'

/** Makes the layer of the base template unless the one of the same recipe is there, and writes its `template.json`. */
export async function installBase(context: SetupContext, tools: StepTools): Promise<StepOutcome> {
  const { folder, repository, config } = context
  const places = workspace(repository)
  const recipe = await readBaseRecipe(places)
  await ensureDirectory(folder.layers)
  await removeStaging(folder.layers)
  const { layerId, suite, packages } = recipe
  const outcome = await installLayer(folder.layers, { id: layerId, suite, packages }, (staging) =>
    buildBase(join(staging, 'root'), recipe, places, tools),
  )
  const { memoryMb, cpuCount } = config
  const definition = { id: 'base', names: ['base'], layers: [layerId], memoryMb, cpuCount, diskSizeMb: DISK_SIZE_MB }
  await writeDefinition(folder, definition)
  return outcome
}
