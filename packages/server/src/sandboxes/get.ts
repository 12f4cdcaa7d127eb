import type { Traffic } from '@drowse/engine'
import type { SandboxTier } from '@drowse/node'
import { sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { findSandboxRow } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'

/** A sandbox with what is known of it beside its row. */
export interface SandboxDetail {
  sandbox: Sandbox
  /** Of a paused one; undefined when its node does not say. */
  tier: SandboxTier | undefined
  /** Requests, streams and upgraded sockets that are open. */
  connections: number
  /** Bytes over its link in all its runs; undefined when its node does not say. */
  traffic: Traffic | undefined
}

/** The team's sandbox, with the end that holds now. Never wakes it. Undefined when there is none, also while it is being killed. */
export async function findSandbox(context: LifecycleContext, teamId: string, id: string): Promise<Sandbox | undefined> {
  const sandbox = await findSandboxRow(context, teamId, id)
  return sandbox === undefined || sandbox.state === 'killing' ? undefined : context.activity.present(sandbox)
}

/** As {@link findSandbox}. Throws "not_found" when there is none. */
export async function getSandbox(context: LifecycleContext, teamId: string, id: string): Promise<Sandbox> {
  const sandbox = await findSandbox(context, teamId, id)
  if (sandbox === undefined) throw sandboxNotFound(id)
  return sandbox
}

/** As {@link getSandbox}, with what its node knows; a node that fails leaves that out. */
export async function describeSandbox(context: LifecycleContext, teamId: string, id: string): Promise<SandboxDetail> {
  const sandbox = await getSandbox(context, teamId, id)
  const [tier, traffic] = await Promise.all([findTier(context, sandbox), findTraffic(context, sandbox)])
  return { sandbox, tier, traffic, connections: context.activity.connections(sandbox.id) }
}

/** What a sandbox has sent and received; undefined when its node does not say. */
export async function findTraffic(context: LifecycleContext, { id }: Sandbox): Promise<Traffic | undefined> {
  try {
    return await context.node.traffic(id)
  } catch (error) {
    context.logger.warn({ sandboxId: id, err: error }, 'could not ask what a sandbox has sent and received')
    return undefined
  }
}

/** Where a paused sandbox is; undefined for others, and when its node does not say. */
export async function findTier(context: LifecycleContext, { id, state }: Sandbox): Promise<SandboxTier | undefined> {
  if (state !== 'paused') return undefined
  try {
    return (await context.node.find(id))?.tier
  } catch (error) {
    context.logger.warn({ sandboxId: id, err: error }, 'could not ask in which tier a sandbox is')
    return undefined
  }
}
