import type { NodePauseResult } from '@drowse/node'
import { DrowseError, type SandboxId } from '@drowse/protocol'
import { guestIsSilent, nodeFailure } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { getSandboxRow, lostToKill } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'
import { getSettled } from './settled.ts'
import { settleNow } from './settle.ts'

/** How a sandbox is paused. */
export interface PauseOptions {
  /** False keeps files only. */
  memory: boolean
  /** Refuses with "unavailable" when the daemon does not answer, instead of saving it as it is. */
  requireHealthyGuest?: boolean
}

/**
 * Pauses a running sandbox and answers when what was saved is durable. Joins a pause of the same content on its way and
 * waits for a start. Throws "conflict" when it is paused already or being killed. On failure it runs on.
 */
export async function pauseSandbox(
  context: LifecycleContext,
  teamId: string,
  id: string,
  options: PauseOptions,
): Promise<void> {
  const found = await getSandboxRow(context, teamId, id)
  if (found.state === 'killing') {
    throw new DrowseError('conflict', `Sandbox '${found.id}' cannot be paused while in 'killing' state`)
  }
  const { memory, requireHealthyGuest = false } = options
  await context.pauses.run(`${found.id}:${memory}:${requireHealthyGuest}`, async () => {
    await context.exclusive(found.id, async () => {
      const sandbox = await getSettled(context, found.id)
      if (sandbox.state === 'paused') {
        throw new DrowseError('conflict', `Error pausing sandbox - sandbox '${found.id}' is already paused`)
      }
      await pauseRun(context, sandbox, { memory, requireHealthyGuest, reason: 'request' })
    })
  })
}

/** Pauses a running sandbox. For holders of the id's lock. On failure it runs on, with its deadlines as they were. */
export async function pauseRun(
  context: LifecycleContext,
  running: Sandbox,
  options: PauseOptions & { reason: 'request' | 'timeout' },
): Promise<void> {
  const { id } = running
  const { memory, requireHealthyGuest = false, reason } = options
  const operation = reason === 'timeout' ? 'expiry' : 'pause'
  const pausing = await context.ledger.transition(running, 'pausing', {
    pauseMode: memory ? 'full' : 'filesystem',
  })
  if (pausing === undefined) throw await lostToKill(context, id)
  context.step(`server.${operation}.intent`)
  let wasGuestSilent: boolean
  const pause = async (): Promise<NodePauseResult> => await context.node.pause(id, { memory, requireHealthyGuest })
  try {
    wasGuestSilent = (await (reason === 'timeout' ? context.expiryEffects.run(pause) : pause())).wasGuestSilent
  } catch (error) {
    await recover(context, pausing, error)
    return
  }
  context.step(`server.${operation}.effect`)
  const paused = await context.ledger.transition(
    pausing,
    'paused',
    { endAtMs: context.clock.nowMs(), wasGuestSilent, coldReason: undefined },
    { name: 'sandbox.paused', data: { reason, pauseMode: memory ? 'full' : 'filesystem', wasGuestSilent } },
  )
  context.step(`server.${operation}.outcome`)
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
  if (settled.state === 'running') throw pauseFailure(id, error)
  if (settled.coldReason !== undefined) throw nodeFailure('save the memory of', id, settled.coldReason, error)
}

/** A node refuses a pause as "unavailable" only for a daemon that does not answer. */
function pauseFailure(id: SandboxId, error: unknown): DrowseError {
  const isSilent = DrowseError.from(error).code === 'unavailable'
  return isSilent ? guestIsSilent(id, error) : nodeFailure('pause', id, 'it runs on', error)
}
