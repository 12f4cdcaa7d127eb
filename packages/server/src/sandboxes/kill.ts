import { deadline, raceSignal } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import { sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { getSandboxRow } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'

/** Longest, in ms, that a caller waits for the node to remove a sandbox; the removal goes on after that. */
const KILL_WAIT_MS = 30_000

/** Reason of a kill by deadline. */
export const EXPIRED = 'timeout'

/**
 * Kills a sandbox in any state. It wins over every other operation, and once decided it is never undone: when the node
 * fails or is slow the sandbox is gone for clients all the same and the removal is tried again until it succeeds.
 * Joins a kill on its way. Throws "not_found" when there is no such sandbox.
 */
export async function killSandbox(context: LifecycleContext, teamId: string, id: string): Promise<void> {
  const found = await getSandboxRow(context, teamId, id)
  await context.kills.run(found.id, async () => await context.track(killOnce(context, found.id)))
}

/** Decides a kill, when the sandbox is still as given. Durable when it answers. */
export async function beginKill(
  context: LifecycleContext,
  sandbox: Sandbox,
  reason: string,
): Promise<Sandbox | undefined> {
  const killing = await context.ledger.transition(sandbox, 'killing', {}, { name: 'sandbox.killed', data: { reason } })
  if (killing !== undefined) context.step(reason === EXPIRED ? 'server.expiry.intent' : 'server.kill.intent')
  return killing
}

/** Removes a sandbox whose kill is decided from the node, then its row. Repeatable. `operation` names its steps. */
export async function finishKill(
  context: LifecycleContext,
  sandbox: Sandbox,
  operation: 'kill' | 'expiry' = 'kill',
): Promise<void> {
  await context.node.kill(sandbox.id)
  context.step(`server.${operation}.effect`)
  await context.ledger.remove(sandbox)
  context.deaths.delete(sandbox.id)
  context.step(`server.${operation}.outcome`)
}

/** As {@link finishKill}, but a failure or slowness of the node only leads to another try later. */
export async function finishKillOrRetry(context: LifecycleContext, sandbox: Sandbox): Promise<void> {
  const removal = context.track(finishKill(context, sandbox))
  try {
    await raceSignal(removal, deadline(KILL_WAIT_MS, `remove sandbox "${sandbox.id}"`))
  } catch (error) {
    context.logger.error({ sandboxId: sandbox.id, err: error }, 'could not remove a killed sandbox; trying again later')
    removal.catch(() => {}) // a late failure was reported by the time limit above
    context.repairLater(sandbox.id)
  }
}

/** Ends whatever a start that lost to a kill may have left on the node. */
export async function discard(context: LifecycleContext, id: SandboxId): Promise<void> {
  try {
    await context.node.kill(id)
  } catch (error) {
    context.logger.error({ sandboxId: id, err: error }, 'could not remove what a start that lost to a kill left')
  }
}

async function killOnce(context: LifecycleContext, id: SandboxId): Promise<void> {
  for (;;) {
    const sandbox = await context.store.sandboxes.find(id)
    if (sandbox === undefined) throw sandboxNotFound(id)
    const killing = sandbox.state === 'killing' ? sandbox : await beginKill(context, sandbox, 'request')
    if (killing === undefined) continue // another operation wrote in between: look again
    await finishKillOrRetry(context, killing)
    return
  }
}
