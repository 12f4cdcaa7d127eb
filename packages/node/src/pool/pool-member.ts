import { ENVD_PORT, newSandboxId, type SandboxId } from '@drowse/protocol'
import { waitForDaemon } from '../daemon-client.ts'
import { beginSteps, specOf, type NodeContext } from '../node-context.ts'
import { makeSandboxFolder, newManifest } from '../operations/new-sandbox.ts'
import { removeSandbox } from '../operations/remove-sandbox.ts'
import type { TemplateDefinition } from '../assets.ts'
import type { WarmImage } from '../templates/template-store.ts'

/**
 * Makes a sandbox ahead: restored from the template's warm image, answering, frozen, its manifest `pooled`. Resolves with its id.
 * On failure nothing of it is left; what a crash leaves is removed at the next start, or taken into the pool again once it is whole.
 */
export async function makePoolMember(
  context: NodeContext,
  template: TemplateDefinition,
  warm: WarmImage,
): Promise<SandboxId> {
  const id = newSandboxId()
  const steps = beginSteps(context, 'pool', id)
  const manifest = newManifest(context, { id, template, limits: warm.limits, warm })
  const spec = specOf(context, manifest)
  context.shelf.put(manifest)
  try {
    await steps.run('reserve', () => makeSandboxFolder(context, manifest))
    await steps.run('create', () => context.engine.create(spec))
    await steps.run('restore', () => context.engine.restore(spec, warm.image))
    await steps.run('answer', () => waitForDaemon(context.engine.endpoint(manifest.network, ENVD_PORT), id))
    const bytes = await context.engine.memoryBytes(id)
    await steps.run('freeze', () => context.engine.freeze(id))
    await steps.run('manifest', () => context.shelf.save({ ...manifest, phase: 'pooled' }))
    if (!context.frozen.keep({ id, bytes, sinceMs: context.clock.nowMs() })) await removeSandbox(context, id)
  } catch (error) {
    steps.failed(error)
    await removeSandbox(context, id)
    throw error
  }
  steps.done({ templateId: template.id })
  return id
}
