import { DrowseError } from '@drowse/protocol'
import { nodeFailure } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { getSandboxRow, lostToKill } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'
import { getSettled } from './settled.ts'
import { settleNow } from './settle.ts'

/**
 * Pauses a running sandbox and answers when what was saved is durable. Joins a pause of the same content on its way and
 * waits for a start. Throws "conflict" when it is paused already or being killed. On failure it runs on.
 */
export async function pauseSandbox(
  context: LifecycleContext,
  teamId: string,
  id: string,
  options: { memory: boolean },
): Promise<void> {
  const found = await getSandboxRow(context, teamId, id)
  if (found.state === 'killing') {
    throw new DrowseError('conflict', `Sandbox '${found.id}' cannot be paused while in 'killing' state`)
  }
  await context.pauses.run(`${found.id}:${options.memory ? 'full' : 'filesystem'}`, async () => {
    await context.exclusive(found.id, async () => {
      const sandbox = await getSettled(context, found.id)
      if (sandbox.state === 'paused') {
        throw new DrowseError('conflict', `Error pausing sandbox - sandbox '${found.id}' is already paused`)
      }
      await pauseRun(context, sandbox, { memory: options.memory, reason: 'request' })
    })
  })
}

/** Pauses a running sandbox. For holders of the id's lock. On failure it runs on, with its deadlines as they were. */
export async function pauseRun(
  context: LifecycleContext,
  running: Sandbox,
  options: { memory: boolean; reason: 'request' | 'timeout' },
): Promise<void> {
  const { id } = running
  const pausing = await context.ledger.transition(running, 'pausing', {
    pauseMode: options.memory ? 'full' : 'filesystem',
  })
  if (pausing === undefined) throw await lostToKill(context, id)
  try {
    await context.node.pause(id, { memory: options.memory })
  } catch (error) {
    await recover(context, pausing, error)
    return
  }
  const paused = await context.ledger.transition(
    pausing,
    'paused',
    { endAtMs: context.clock.nowMs(), coldReason: undefined },
    { name: 'sandbox.paused', data: { reason: options.reason } },
  )
  if (paused === undefined) throw await lostToKill(context, id)
}

/** After a failed pause: fine when the node holds a whole pause all the same, otherwise the failure is the answer. */
async function recover(context: LifecycleContext, pausing: Sandbox, error: unknown): Promise<void> {
  const { id } = pausing
  const current = await context.store.sandboxes.find(id)
  if (current === undefined || current.state === 'killing') throw await lostToKill(context, id)
  let settled: Sandbox | undefined
  try {
    settled = await settleNow(context, pausing)
  } catch {
    throw nodeFailure('pause', id, 'its state is found out and put right in a moment', error)
  }
  if (settled === undefined) throw nodeFailure('pause', id, 'nothing of it is left', error)
  if (settled.state === 'running') throw nodeFailure('pause', id, 'it runs on', error)
  if (settled.coldReason !== undefined) throw nodeFailure('save the memory of', id, settled.coldReason, error)
}
