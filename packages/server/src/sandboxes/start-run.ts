import type { NodeResumeResult } from '@drowse/node'
import { startDeadlines } from './deadlines.ts'
import { discard } from './kill.ts'
import { guestWasSilent, nodeFailure } from './lifecycle-errors.ts'
import type { LedgerEvent } from './ledger.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { nodeInit } from './node-init.ts'
import { lostToKill } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'
import { settleNow } from './settle.ts'

/** How a paused sandbox is started. */
export interface StartOptions {
  /** Length of the new run, in ms. */
  timeoutMs: number
  /** False boots from files, whatever memory was saved. */
  memory: boolean
  /** Who asked; goes to the event. */
  reason: 'request' | 'traffic'
}

/**
 * Starts a paused sandbox and answers its running row. For holders of the id's lock.
 * On failure the saved state is kept and the sandbox is paused again; a kill in between wins.
 * Throws "conflict" for memory in which the daemon was stuck: restoring it would give a sandbox that nobody can use.
 */
export async function startRun(context: LifecycleContext, paused: Sandbox, options: StartOptions): Promise<Sandbox> {
  const { id } = paused
  if (paused.wasGuestSilent && options.memory) throw guestWasSilent(id)
  // A loss of power ends every process that this start brings back. What of it is durable by then, the node's manifest says, and
  // a row that is still "paused" is settled by it as one that says "resuming".
  const resuming = await context.ledger.transitionSoftly(paused, 'resuming', { runTimeoutMs: options.timeoutMs })
  if (resuming === undefined) throw await lostToKill(context, id)
  context.step('server.resume.intent')
  let result: NodeResumeResult
  try {
    result = await context.node.resume(id, { init: nodeInit(resuming), memory: options.memory })
  } catch (error) {
    return await recover(context, resuming, error)
  }
  context.step('server.resume.effect')
  const coldReason = result.isCold ? (result.coldReason ?? 'it was asked to start without memory') : undefined
  const deadlines = startDeadlines(resuming, context.clock.nowMs(), options.timeoutMs, context.planMs)
  const patch = { ...deadlines, pauseMode: undefined, wasGuestSilent: false, coldReason }
  const event: LedgerEvent = {
    name: 'sandbox.resumed',
    data: { reason: options.reason, tier: result.tier, ...(coldReason === undefined ? {} : { coldReason }) },
  }
  // A run that a loss of power ends has used its memory all the same: that is durable, in the node's manifest. The row adds when the run would
  // have ended, which then is of no use; a paused row stays paused, its files kept. Why memory was lost is kept at once.
  const running =
    coldReason === undefined
      ? await context.ledger.transitionSoftly(resuming, 'running', patch, event)
      : await context.ledger.transition(resuming, 'running', patch, event)
  context.step('server.resume.outcome')
  if (running !== undefined) return running
  await discard(context, id)
  throw await lostToKill(context, id)
}

/** After a failed start: the node says whether it runs all the same; otherwise the failure is the answer. */
async function recover(context: LifecycleContext, resuming: Sandbox, error: unknown): Promise<Sandbox> {
  const { id } = resuming
  const current = await context.store.sandboxes.find(id)
  if (current === undefined || current.state === 'killing') throw await lostToKill(context, id)
  const failure = nodeFailure('resume', id, 'its saved state is kept', error)
  try {
    const settled = await settleNow(context, resuming)
    if (settled?.state === 'running') return settled
  } catch {
    // The start's own failure says more; settleNow() has asked for another try.
  }
  throw failure
}
