import { sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { getSandboxRow } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'

/** The team's sandbox. Never wakes it. Throws "not_found", also while it is being killed. */
export async function getSandbox(context: LifecycleContext, teamId: string, id: string): Promise<Sandbox> {
  const sandbox = await getSandboxRow(context, teamId, id)
  if (sandbox.state === 'killing') throw sandboxNotFound(id)
  return sandbox
}
