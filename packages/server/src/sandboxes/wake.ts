import { DrowseError, type SandboxId } from '@drowse/protocol'
import { wakeTimeoutMs } from './deadlines.ts'
import { sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { getSettled } from './settled.ts'
import { startRun } from './start-run.ts'
import { isWakeable } from './wakeable.ts'

/**
 * Makes a sandbox run because somebody sent it traffic: one start for any number of callers, with the timeout it was
 * created with, at least five minutes. Throws "not_found" when it is gone or not to be woken by traffic.
 */
export async function wakeSandbox(context: LifecycleContext, id: SandboxId): Promise<void> {
  await context.wakes.run(id, async () => {
    await context.exclusive(id, async () => {
      try {
        await wake(context, id)
      } catch (error) {
        // For traffic a sandbox that is being killed is gone already.
        throw isOfKill(error) ? sandboxNotFound(id) : error
      }
    })
  })
}

/**
 * As {@link wakeSandbox}, for somebody who has shown that the sandbox is theirs: whatever its auto-resume says. What was paused without
 * its memory boots from its files.
 */
export async function wakeOwnSandbox(context: LifecycleContext, id: SandboxId): Promise<void> {
  await context.wakes.run(
    `${id}:own`,
    async () => await context.exclusive(id, async () => await wake(context, id, true)),
  )
}

async function wake(context: LifecycleContext, id: SandboxId, isOwner = false): Promise<void> {
  const sandbox = await getSettled(context, id)
  if (sandbox.state === 'running') return
  if (!isOwner && !isWakeable(sandbox)) throw sandboxNotFound(id)
  const timeoutMs = wakeTimeoutMs(sandbox, context.planMs)
  await startRun(context, sandbox, { timeoutMs, memory: true, reason: 'traffic' })
}

/** Conflicts under the lock come from a kill, but for one that clients know by its code. */
function isOfKill(error: unknown): boolean {
  return error instanceof DrowseError && error.code === 'conflict' && error.details['errorCode'] === undefined
}
