import type { SandboxId } from '@drowse/protocol'
import { beginKill, finishKill } from './kill.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { pauseRun } from './pause.ts'
import { settleNow } from './settle.ts'

/**
 * Does what is due for one sandbox: finishes what was left between two states, then pauses or kills it when its time is up.
 * Does nothing when it has time left, is paused or is gone. Throws when it must be tried again.
 */
export async function expireSandbox(context: LifecycleContext, id: SandboxId): Promise<void> {
  await context.exclusive(id, async () => {
    const found = await context.store.sandboxes.find(id)
    if (found === undefined || found.state === 'paused') return
    const sandbox = found.state === 'running' ? found : await settleNow(context, found)
    if (sandbox?.state !== 'running' || sandbox.endAtMs > context.clock.nowMs()) return
    if (sandbox.autoPause) {
      await pauseRun(context, sandbox, { memory: sandbox.autoPauseMemory, reason: 'timeout' })
      return
    }
    const killing = await beginKill(context, sandbox, 'timeout')
    if (killing !== undefined) await finishKill(context, killing)
  })
}
