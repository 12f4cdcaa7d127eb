import type { SandboxId } from '@drowse/protocol'
import { sandboxBeingKilled, sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { Sandbox } from './sandbox.ts'
import { settleNow } from './settle.ts'

/**
 * The sandbox as running or paused, finishing first what an earlier failure left between two states.
 * For holders of the id's lock. Throws "not_found", or "conflict" while it is being killed.
 */
export async function getSettled(context: LifecycleContext, id: SandboxId): Promise<Sandbox> {
  const sandbox = await context.store.sandboxes.find(id)
  if (sandbox === undefined || sandbox.state === 'creating') throw sandboxNotFound(id)
  if (sandbox.state === 'killing') throw sandboxBeingKilled(id)
  if (sandbox.state === 'running' || sandbox.state === 'paused') return sandbox
  const settled = await settleNow(context, sandbox)
  if (settled === undefined) throw sandboxNotFound(id)
  return settled
}
