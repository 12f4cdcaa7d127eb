import type { SandboxId } from '@drowse/protocol'
import type { SandboxTier } from '../node-client.ts'
import type { NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'

/** Where a sandbox that does not run is. */
export function tierOf(context: NodeContext, manifest: SandboxManifest): SandboxTier {
  // By a manifest that still says running its processes ended on their own: only files are left.
  if (manifest.phase === 'running' || manifest.image === null) return 'files'
  return context.frozen.has(manifest.id) ? 'frozen' : 'disk'
}

/** Tells listeners in which tier a paused sandbox is. */
export function reportTier(context: NodeContext, id: SandboxId): void {
  const manifest = context.shelf.find(id)
  if (manifest?.phase !== 'paused') return
  context.events.emit({ id, kind: 'tier', tier: tierOf(context, manifest) })
}
