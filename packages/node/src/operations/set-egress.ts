import { deadline } from '@drowse/common'
import { needsAuthority, type EgressPolicy } from '@drowse/engine'
import type { SandboxId } from '@drowse/protocol'
import type { NodeInit } from '../node-client.ts'
import { introduce, type NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import { egressPart } from './new-sandbox.ts'

/** Longest time, in ms, in which a guest that is well learns of a new authority. */
const TELL_TIMEOUT_MS = 5_000

/**
 * Changes what a sandbox may reach outside. The manifest comes first: a start between the two steps puts in force what it says. A sandbox
 * that the engine does not hold gets its rules when it is made again, and its guest its authority at every start.
 */
export async function setEgress(
  context: NodeContext,
  id: SandboxId,
  { policy, init }: { policy: EgressPolicy | undefined; init: NodeInit },
  signal: AbortSignal,
): Promise<void> {
  await context.background.settled(id)
  const { egress: before, ...rest } = context.shelf.get(id)
  const manifest: SandboxManifest = { ...rest, ...egressPart(policy) }
  await context.shelf.save(manifest)
  if ((await context.engine.status(id)) !== 'absent') await context.engine.setEgress(id, policy)
  if (manifest.phase === 'running' && needsAuthority(before) !== needsAuthority(policy)) {
    await tell(context, manifest, init, signal)
  }
}

/** The rules are in force all the same; until the guest knows, its programs refuse the names that are read for headers. */
async function tell(
  context: NodeContext,
  manifest: SandboxManifest,
  init: NodeInit,
  signal: AbortSignal,
): Promise<void> {
  const { id } = manifest
  const limit = deadline(TELL_TIMEOUT_MS, `tell sandbox "${id}" whom to trust`, signal)
  try {
    await introduce(context, manifest, init, 'kept', limit, { isUpdate: true })
  } catch (error) {
    context.logger.warn(
      { sandboxId: id, err: error },
      'a sandbox does not know yet whom to trust; it learns at its next wake',
    )
  }
}
