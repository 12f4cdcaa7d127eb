import { join } from 'node:path'
import { deadline, pollUntil } from '@drowse/common'
import { findBootFailure, readAssets, warmManifestSchema, type BootFailure, type DataFolder } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { readJsonFile } from '../host/read-json-file.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import { findDefinition } from '../templates/template-definition.ts'

/** Time, in ms, that the service has to make a warm image; the base template's takes a second or two. */
const WARM_TIMEOUT_MS = 60_000

/**
 * Waits until the service has a template's warm image, from which sandboxes start in a fraction of a second.
 * Without one they boot, so a wait in vain is no failure; but when the service finds that the template does not boot, that is, and throws
 * "invalid_argument" with the reason.
 */
export async function awaitWarmImage(folder: DataFolder, { signal }: StepTools, id = 'base'): Promise<StepOutcome> {
  if (await hasWarmImage(folder, id)) return { status: 'kept' }
  // The service tries again at each look: what it found before this one may be mended.
  const sinceMs = Date.now()
  const failedSince = async (): Promise<BootFailure | undefined> => {
    const failure = await findTemplateFailure(folder, id)
    return failure !== undefined && Date.parse(failure.failedAt) >= sinceMs ? failure : undefined
  }
  const probe = async (): Promise<true | BootFailure | undefined> =>
    (await hasWarmImage(folder, id)) ? true : await failedSince()
  const limit = deadline(WARM_TIMEOUT_MS, 'wait for the warm image', signal)
  const found = await pollUntil(probe, { intervalMs: 100, maxIntervalMs: 250, signal: limit }).catch(() => undefined)
  signal.throwIfAborted()
  if (found === true) return { status: 'done' }
  if (found === undefined) return { status: 'done', detail: 'not there yet: sandboxes boot from files until it is' }
  throw new DrowseError('invalid_argument', `Cannot start a sandbox of template "${id}": ${found.reason}`, {
    details: { log: found.log },
  })
}

/** Why the template's sandboxes do not start, if the service has found that of it as it is. */
export async function findTemplateFailure(folder: DataFolder, id: string): Promise<BootFailure | undefined> {
  const template = await findDefinition(folder, id)
  if (template === undefined) return undefined
  const { engine, guest } = await readAssets(folder)
  return await findBootFailure(folder, template, { engine: engine.sha256, guest: guest.hash })
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
