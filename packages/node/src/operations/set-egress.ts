import type { EgressPolicy } from '@drowse/engine'
import type { SandboxId } from '@drowse/protocol'
import type { NodeContext } from '../node-context.ts'
import { egressPart } from './new-sandbox.ts'

/**
 * Changes what a sandbox may reach outside. The manifest comes first: a start between the two steps puts in force what it says. A sandbox
 * that the engine does not hold gets its rules when it is made again.
 */
export async function setEgress(context: NodeContext, id: SandboxId, policy: EgressPolicy | undefined): Promise<void> {
  await context.background.settled(id)
  const { egress: _, ...rest } = context.shelf.get(id)
  await context.shelf.save({ ...rest, ...egressPart(policy) })
  if ((await context.engine.status(id)) !== 'absent') await context.engine.setEgress(id, policy)
}
