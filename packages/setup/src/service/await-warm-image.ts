import { join } from 'node:path'
import { deadline, pollUntil } from '@drowse/common'
import { readAssets, warmManifestSchema, type DataFolder } from '@drowse/node'
import { readJsonFile } from '../host/read-json-file.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import { findDefinition } from '../templates/template-definition.ts'

/** Time, in ms, that the service has to make a warm image; the base template's takes a second or two. */
const WARM_TIMEOUT_MS = 60_000

/**
 * Waits until the service has a template's warm image, from which sandboxes start in a fraction of a second.
 * Without one they boot, so a wait in vain is no failure.
 */
export async function awaitWarmImage(folder: DataFolder, { signal }: StepTools, id = 'base'): Promise<StepOutcome> {
  if (await hasWarmImage(folder, id)) return { status: 'kept' }
  try {
    await pollUntil(async () => ((await hasWarmImage(folder, id)) ? true : undefined), {
      intervalMs: 100,
      maxIntervalMs: 250,
      signal: deadline(WARM_TIMEOUT_MS, 'wait for the warm image', signal),
    })
    return { status: 'done' }
  } catch {
    signal.throwIfAborted()
    return { status: 'done', detail: 'not there yet: sandboxes boot from files until it is' }
  }
}

async function hasWarmImage(folder: DataFolder, id: string): Promise<boolean> {
  const template = await findDefinition(folder, id)
  const warm = warmManifestSchema.safeParse(await readJsonFile(join(folder.templates, id, 'warm', 'warm.json')))
  if (template === undefined || !warm.success) return false
  const { engine, guest } = await readAssets(folder)
  return (
    warm.data.engine.build === engine.sha256 &&
    warm.data.guest.hash === guest.hash &&
    warm.data.layers.join('/') === template.layers.join('/')
  )
}
