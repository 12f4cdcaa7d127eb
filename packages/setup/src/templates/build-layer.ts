import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataFolder } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { SUITE } from '../base/base-recipe.ts'
import { removeTree } from '../host/remove-tree.ts'
import { setupError } from '../setup-error.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import type { Workspace } from '../workspace.ts'
import { installLayer } from './layer.ts'
import { runBuild } from './run-build.ts'
import { layerScript, type LayerRecipe, type TemplateRecipe } from './template-recipe.ts'

const BUILD_TIMEOUT_MS = 60 * 60_000

/** Makes one layer of a template over the base's root, unless the one of the same recipe is there. */
export async function buildLayer(
  folder: DataFolder,
  places: Workspace,
  template: TemplateRecipe,
  layer: LayerRecipe,
  tools: StepTools,
): Promise<StepOutcome> {
  const base = join(folder.layers, template.baseLayerId, 'root')
  const fill = async (staging: string): Promise<void> => {
    const [root, scratch] = [join(staging, 'root'), join(staging, 'scratch')]
    for (const path of [root, scratch]) await mkdir(path, { mode: 0o755 })
    await runScript(layerArguments(places, layer, { base, root, scratch }), template.id, tools)
    await removeTree(scratch)
  }
  const description = { id: layer.id, template: template.id, kind: layer.kind, packages: layer.packages }
  return await installLayer(folder.layers, description, fill, 'templates')
}

function layerArguments(
  places: Workspace,
  layer: LayerRecipe,
  at: { base: string; root: string; scratch: string },
): string[] {
  const args = [layerScript(places, layer.kind), at.base, at.root, at.scratch]
  return layer.kind === 'debian' ? [...args, SUITE, layer.packages.join(',')] : [...args, layer.listPath]
}

async function runScript(args: string[], id: string, tools: StepTools): Promise<void> {
  try {
    await runBuild('sh', args, BUILD_TIMEOUT_MS, tools)
  } catch (error) {
    tools.signal.throwIfAborted()
    throw layerError(id, error)
  }
}

function layerError(id: string, error: unknown): DrowseError {
  const text = DrowseError.from(error).message
  const detail = text.slice(-1_500)
  if (/No space left/.test(text)) {
    return setupError(`Cannot build template "${id}": the disk is full`, {
      hint: 'Free 3 GB under the data folder, then run "drowse template build" again.',
      detail,
      cause: error,
    })
  }
  return setupError(`Cannot build template "${id}"`, {
    hint: 'Check that apt-get and pip reach their mirrors, then run "drowse template build" again: what is done is kept.',
    detail,
    cause: error,
  })
}
