import { isSandboxId, type SandboxId } from '@drowse/protocol'
import { sandboxBeingKilled, sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { Sandbox } from './sandbox.ts'

/** The team's sandbox in whatever state, but for one that is still being made. Throws "not_found". */
export async function getSandboxRow(context: LifecycleContext, teamId: string, id: string): Promise<Sandbox> {
  const sandbox = isSandboxId(id) ? await context.store.sandboxes.find(id) : undefined
  if (sandbox === undefined || sandbox.teamId !== teamId || sandbox.state === 'creating') throw sandboxNotFound(id)
  return sandbox
}

/** Why a compare-and-set on the sandbox failed, as an error: under its lock only a kill can come between. */
export async function lostToKill(context: LifecycleContext, id: SandboxId): Promise<Error> {
  const sandbox = await context.store.sandboxes.find(id)
  return sandbox === undefined ? sandboxNotFound(id) : sandboxBeingKilled(id)
}
