import { DrowseError, type SandboxId } from '@drowse/protocol'
import { beginKill, EXPIRED, finishKill } from './kill.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { pauseRun } from './pause.ts'
import type { Sandbox } from './sandbox.ts'
import { settleNow } from './settle.ts'

/**
 * Does what is due for one sandbox: finishes what was left between two states, then pauses or kills it when its time is up.
 * Does nothing when it is paused or gone; when it has time left, its row gets the instant of the next look.
 * Throws when it must be tried again.
 */
export async function expireSandbox(context: LifecycleContext, id: SandboxId): Promise<void> {
  await context.exclusive(id, async () => {
    const found = await context.store.sandboxes.find(id)
    if (found === undefined || found.state === 'paused') return
    const isSettled = found.state === 'running' && !context.deaths.has(id)
    const sandbox = isSettled ? found : await settleNow(context, found)
    if (sandbox?.state !== 'running') return
    const nowMs = context.clock.nowMs()
    if (context.activity.endAtMs(sandbox) <= nowMs) await end(context, sandbox)
    else if (sandbox.endAtMs <= nowMs) {
      await context.ledger.update(sandbox, { endAtMs: context.activity.nextLookAtMs(sandbox) })
    }
  })
}

async function end(context: LifecycleContext, sandbox: Sandbox): Promise<void> {
  if (sandbox.autoPause) return await pauseInTime(context, sandbox)
  const killing = await beginKill(context, sandbox, EXPIRED)
  if (killing !== undefined) {
    await context.expiryEffects.run(async () => await finishKill(context, killing, 'expiry'))
  }
}

/**
 * A daemon that does not answer can't have its files saved alone. Then memory is saved too: the time is kept and nothing
 * lost, and the pause is marked, so that only a start from files follows.
 */
async function pauseInTime(context: LifecycleContext, sandbox: Sandbox): Promise<void> {
  const memory = sandbox.autoPauseMemory
  try {
    await pauseRun(context, sandbox, { memory, reason: 'timeout' })
  } catch (error) {
    const isSilent = !memory && DrowseError.from(error).code === 'unavailable'
    const current = isSilent ? await context.store.sandboxes.find(sandbox.id) : undefined
    if (current?.state !== 'running') throw error
    await pauseRun(context, current, { memory: true, reason: 'timeout' })
  }
}
