import type { NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'

/**
 * Settles a sandbox that runs by its manifest but whose processes ended on their own (out of memory, engine crash): paused, with its files.
 * Resolves with whether that was so.
 */
export async function loseMemoryIfGone(context: NodeContext, manifest: SandboxManifest): Promise<boolean> {
  const { id } = manifest
  if (context.shelf.find(id)?.phase !== 'running') return false
  const status = await context.engine.status(id)
  if (status === 'running' || status === 'frozen') return false
  await context.engine.destroy(id)
  await context.shelf.save({ ...manifest, phase: 'paused', image: null })
  context.logger.warn({ sandboxId: id }, 'sandbox lost its processes; its files are kept')
  return true
}
