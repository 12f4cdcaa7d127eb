import { checkProxy } from './check-proxy.ts'
import { egressPolicyOf } from './egress-policy.ts'
import { nodeFailure, sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { ingressOf, type NetworkUpdate } from './network.ts'
import { nodeInit } from './node-init.ts'
import { getSandboxRow, lostToKill } from './row-lookup.ts'
import { getSettled } from './settled.ts'

/**
 * Replaces what a sandbox may reach, running or paused; what is not in `update` is cleared, what is decided at create stays.
 * Durable and in force when it answers. Never wakes it. When the node fails the change stays, and is tried again.
 */
export async function updateNetwork(
  context: LifecycleContext,
  teamId: string,
  id: string,
  { egress, allowInternetAccess }: NetworkUpdate,
): Promise<void> {
  const found = await getSandboxRow(context, teamId, id)
  if (found.state === 'killing') throw sandboxNotFound(id)
  await checkProxy(context, egress)
  await context.exclusive(found.id, async () => {
    const sandbox = await getSettled(context, found.id)
    const patch = { network: { ...ingressOf(sandbox.network), ...egress }, allowInternetAccess }
    const changed = await context.ledger.update(sandbox, patch, { name: 'sandbox.network' })
    if (changed === undefined) throw await lostToKill(context, found.id)
    try {
      await context.node.setEgress(found.id, egressPolicyOf(changed), nodeInit(changed))
    } catch (error) {
      context.repairLater(found.id)
      throw nodeFailure('change the network of', found.id, 'it is tried again in a moment', error)
    }
  })
}
