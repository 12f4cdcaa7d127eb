import type { NodeEvent } from '@drowse/node'
import type { SandboxId } from '@drowse/protocol'
import type { LedgerEvent } from './ledger.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { settleNow } from './settle.ts'

/**
 * Takes up what happened on a node without a call: notes it among the sandbox's events, and settles one that died.
 * Never rejects; a death that can't be settled is tried again.
 */
export async function takeNodeEvent(context: LifecycleContext, event: NodeEvent): Promise<void> {
  try {
    if (event.kind === 'died') await settleDeath(context, event.id, event.reason)
    else await note(context, event.id, noted(event))
  } catch (error) {
    context.logger.error(
      { sandboxId: event.id, event: event.kind, err: error },
      'could not take up what a node reported',
    )
    if (event.kind === 'died') context.repairLater(event.id)
  }
}

/** With `autoPause` it becomes paused without memory, else it goes. An operation on its way finds out by itself. */
async function settleDeath(context: LifecycleContext, id: SandboxId, reason: string): Promise<void> {
  context.deaths.set(id, reason)
  await context.exclusive(id, async () => {
    const sandbox = await context.store.sandboxes.find(id)
    if (sandbox?.state === 'running') await settleNow(context, sandbox)
    context.deaths.delete(id)
  })
}

function noted(event: Exclude<NodeEvent, { kind: 'died' }>): LedgerEvent {
  switch (event.kind) {
    case 'tier':
      return { name: 'sandbox.tier', data: { tier: event.tier } }
    case 'memory-limit':
      return { name: 'sandbox.memory-limit', data: { process: event.process } }
    case 'image-damaged':
      return { name: 'sandbox.image-damaged', data: { reason: event.reason } }
  }
}

async function note(context: LifecycleContext, id: SandboxId, event: LedgerEvent): Promise<void> {
  const sandbox = await context.store.sandboxes.find(id)
  if (sandbox !== undefined) await context.ledger.record(sandbox, event)
}
