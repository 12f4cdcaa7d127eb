import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '@drowse/common'
import { installFolder, type StagingOwner } from '../host/staging.ts'
import { setupError } from '../setup-error.ts'
import type { StepOutcome } from '../steps/step.ts'

/** Whether `layers/<id>` is whole: its description is written last and the folder renamed into place after that. */
export async function hasLayer(layers: string, id: string): Promise<boolean> {
  return stat(join(layers, id, 'layer.json')).then(
    () => true,
    () => false,
  )
}

/** Makes the layer that `description` is of, unless it is there. `fill` makes `root/` in the staging folder and leaves nothing else there. */
export async function installLayer(
  layers: string,
  description: { id: string } & Record<string, unknown>,
  fill: (staging: string) => Promise<void>,
  owner?: StagingOwner,
): Promise<StepOutcome> {
  const { id } = description
  if (await hasLayer(layers, id)) return { status: 'kept', detail: id }
  const make = async (staging: string): Promise<void> => {
    await fill(staging)
    await writeFileAtomic(join(staging, 'layer.json'), JSON.stringify(description, null, 2))
  }
  await installFolder(layers, id, make, owner)
  return { status: 'done', detail: id }
}

/** Throws "setup_failed" unless the base's layer is there, which other templates need. `task` is what cannot be done without it. */
export async function requireBaseLayer(layers: string, id: string, task: string): Promise<void> {
  if (await hasLayer(layers, id)) return
  throw setupError(`Cannot ${task}: the base template of this clone is not there`, {
    hint: 'Run "sudo ./drowse up" first.',
  })
}
