import type { NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'

/**
 * Settles a sandbox that runs by its manifest but whose processes ended on their own (out of memory, engine crash): paused, with its files.
 * Resolves with whether that was so; listeners are told.
 */
export async function loseMemoryIfGone(context: NodeContext, manifest: SandboxManifest): Promise<boolean> {
  const { id } = manifest
  if (context.shelf.find(id)?.phase !== 'running') return false
  const status = await context.engine.status(id)
  if (status === 'running' || status === 'frozen') return false
  await context.engine.destroy(id)
  await context.shelf.save({ ...manifest, phase: 'paused', image: null })
  reportDeath(context, manifest)
  return true
}

/** Tells listeners that a sandbox lost its processes. */
export function reportDeath(context: NodeContext, { id }: SandboxManifest): void {
  const reason =
    'its processes ended by themselves, by a failure of the engine or for want of memory; its files are kept'
  context.logger.warn({ sandboxId: id }, `sandbox died: ${reason}`)
  context.events.emit({ id, kind: 'died', reason })
}
