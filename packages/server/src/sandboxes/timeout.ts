import { DrowseError } from '@drowse/protocol'
import { refreshDeadlines, setDeadlines, type EndDeadlines } from './deadlines.ts'
import { sandboxBeingKilled, sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { getSandboxRow, lostToKill } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'
import { getSettled } from './settled.ts'

/** Makes a running sandbox end exactly `timeoutMs` from now; see `setDeadlines`. Waits for a start on its way. */
export async function setSandboxTimeout(
  context: LifecycleContext,
  teamId: string,
  id: string,
  timeoutMs: number,
): Promise<void> {
  await changeDeadlines(context, teamId, id, (sandbox) =>
    setDeadlines(sandbox, context.clock.nowMs(), timeoutMs, context.planMs),
  )
}

/** Makes a running sandbox end `durationMs` from now at the earliest; it never ends sooner than before. */
export async function refreshSandbox(
  context: LifecycleContext,
  teamId: string,
  id: string,
  durationMs: number,
): Promise<void> {
  await changeDeadlines(context, teamId, id, (sandbox) =>
    refreshDeadlines(sandbox, context.clock.nowMs(), durationMs, context.planMs),
  )
}

/** A paused sandbox has no deadline: for these calls it does not exist (wire.md §5.3). */
async function changeDeadlines(
  context: LifecycleContext,
  teamId: string,
  id: string,
  change: (sandbox: Sandbox) => EndDeadlines,
): Promise<void> {
  const found = await getSandboxRow(context, teamId, id)
  if (found.state === 'killing') throw sandboxBeingKilled(found.id)
  if (found.state === 'pausing') throw new DrowseError('conflict', `Sandbox "${found.id}" is being paused`)
  await context.exclusive(found.id, async () => {
    const sandbox = await getSettled(context, found.id)
    if (sandbox.state !== 'running') throw sandboxNotFound(found.id)
    const changed = await context.ledger.update(sandbox, change(sandbox))
    if (changed === undefined) throw await lostToKill(context, found.id)
    context.activity.touch(found.id)
  })
}
