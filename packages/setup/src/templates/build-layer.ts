import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exec, writeFileAtomic } from '@drowse/common'
import type { DataFolder } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { hasLayer } from '../base/install-base.ts'
import { SUITE } from '../base/base-recipe.ts'
import { removeTree } from '../host/remove-tree.ts'
import { installFolder } from '../host/staging.ts'
import { tiedCommand } from '../host/tied-command.ts'
import { setupError } from '../setup-error.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import type { Workspace } from '../workspace.ts'
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
  if (await hasLayer(folder.layers, layer.id)) return { status: 'kept', detail: layer.id }
  const base = join(folder.layers, template.baseLayerId, 'root')
  const make = async (staging: string): Promise<void> => {
    const [root, scratch] = [join(staging, 'root'), join(staging, 'scratch')]
    for (const path of [root, scratch]) await mkdir(path, { mode: 0o755 })
    await runScript(layerArguments(places, layer, { base, root, scratch }), template.id, tools)
    await removeTree(scratch)
    const description = { id: layer.id, template: template.id, kind: layer.kind, packages: layer.packages }
    await writeFileAtomic(join(staging, 'layer.json'), JSON.stringify(description, null, 2))
  }
  await installFolder(folder.layers, layer.id, make, 'templates')
  return { status: 'done', detail: layer.id }
}

function layerArguments(
  places: Workspace,
  layer: LayerRecipe,
  at: { base: string; root: string; scratch: string },
): string[] {
  const args = [layerScript(places, layer.kind), at.base, at.root, at.scratch]
  return layer.kind === 'debian' ? [...args, SUITE, layer.packages.join(',')] : [...args, layer.listPath]
}

async function runScript(args: string[], id: string, { report, signal }: StepTools): Promise<void> {
  try {
    await exec(...tiedCommand('sh', args), {
      timeoutMs: BUILD_TIMEOUT_MS,
      // The caller's temporary folder and locale mean nothing inside the new root.
      env: { LC_ALL: 'C.UTF-8', TMPDIR: '/tmp' },
      signal,
      onLine: (line) => {
        const words = progressWords(line)
        if (words !== undefined) report(words)
      },
    })
  } catch (error) {
    signal.throwIfAborted()
    throw layerError(id, error)
  }
}

/** What a line of apt's, dpkg's or pip's output says of the progress, if anything. */
export function progressWords(line: string): string | undefined {
  const words = /^(?:I: (.+?)(?:\.\.\.)?|((?:Collecting|Downloading|Unpacking|Setting up) \S+|Installing|Compiling).*)$/
  const match = words.exec(line.trim())
  return match?.[1] ?? match?.[2]?.toLowerCase()
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
