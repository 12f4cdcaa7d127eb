import type { SandboxId } from '@drowse/protocol'
import { beginSteps, type NodeContext } from '../node-context.ts'
import { reportTier } from './sandbox-tier.ts'

/**
 * Ends the processes of a paused sandbox that left the frozen tier; its image is on disk. One that was woken, or paused and kept
 * once more, before its turn came is left alone. Never fails: what cannot be ended stays frozen, and a wake thaws it.
 */
export async function fallToDisk(context: NodeContext, id: SandboxId): Promise<void> {
  await context.operations.runUninterrupted(id, async () => {
    if (context.shelf.find(id)?.phase !== 'paused' || context.frozen.has(id)) return
    const steps = beginSteps(context, 'evict', id)
    try {
      await steps.run('destroy', () => context.engine.destroy(id))
    } catch (error) {
      steps.failed(error)
      return
    }
    steps.done()
    reportTier(context, id)
  })
}
