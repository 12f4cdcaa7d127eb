import type { SandboxId } from '@drowse/protocol'
import type { NodeContext } from '../node-context.ts'
import { loseMemoryIfGone } from '../operations/lose-memory.ts'
import { removeSandbox } from '../operations/remove-sandbox.ts'
import { reportTier } from './sandbox-tier.ts'

/**
 * Makes the truth of a sandbox whose processes ended on their own durable: a running one is paused with its files, a frozen one is on disk only,
 * a pooled one is removed. Waits for its turn among the operations of the id, and does nothing when one of them has settled it.
 */
export async function settleDeath(context: NodeContext, id: SandboxId): Promise<void> {
  await context.operations.runUninterrupted(id, async () => {
    const manifest = context.shelf.find(id)
    if (manifest === undefined || (await isAlive(context, id))) return
    if (manifest.phase === 'running') await loseMemoryIfGone(context, manifest)
    else if (manifest.phase === 'pooled') await removeSandbox(context, id)
    else if (manifest.phase === 'paused' && context.frozen.take(id) !== undefined) {
      await context.engine.destroy(id)
      reportTier(context, id)
    }
  })
}

async function isAlive(context: NodeContext, id: SandboxId): Promise<boolean> {
  const status = await context.engine.status(id)
  return status === 'running' || status === 'frozen'
}
