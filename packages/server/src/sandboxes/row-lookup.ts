import { isSandboxId, type SandboxId } from '@drowse/protocol'
import { sandboxBeingKilled, sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { Sandbox } from './sandbox.ts'

/** The team's sandbox in whatever state, but for one that is still being made; undefined when there is none. */
export async function findSandboxRow(
  context: LifecycleContext,
  teamId: string,
  id: string,
): Promise<Sandbox | undefined> {
  const sandbox = isSandboxId(id) ? await context.store.sandboxes.find(id) : undefined
  return sandbox?.teamId === teamId && sandbox.state !== 'creating' ? sandbox : undefined
}

/** As {@link findSandboxRow}. Throws "not_found" when there is none. */
export async function getSandboxRow(context: LifecycleContext, teamId: string, id: string): Promise<Sandbox> {
  const sandbox = await findSandboxRow(context, teamId, id)
  if (sandbox === undefined) throw sandboxNotFound(id)
  return sandbox
}

/** Why a compare-and-set on the sandbox failed, as an error: under its lock only a kill can come between. */
export async function lostToKill(context: LifecycleContext, id: SandboxId): Promise<Error> {
  const sandbox = await context.store.sandboxes.find(id)
  return sandbox === undefined ? sandboxNotFound(id) : sandboxBeingKilled(id)
}
