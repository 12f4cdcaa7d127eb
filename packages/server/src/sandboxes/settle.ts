import type { NodeSandbox } from '@drowse/node'
import type { SandboxState } from '@drowse/protocol'
import { startDeadlines } from './deadlines.ts'
import { settleEgress } from './egress-policy.ts'
import { beginKill, finishKill } from './kill.ts'
import type { LedgerEvent } from './ledger.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { nodeInit } from './node-init.ts'
import type { Sandbox } from './sandbox.ts'

const DIED = 'its processes ended while it ran'
const DAMAGED = 'its files are damaged'
const MISSING = 'its node holds nothing of it'
const NO_MEMORY = 'its memory was not saved; its files are kept'

/** Asks the node what it holds and settles the sandbox by that. When that fails, another try is asked for. */
export async function settleNow(context: LifecycleContext, sandbox: Sandbox): Promise<Sandbox | undefined> {
  try {
    return await settle(context, sandbox, await context.node.find(sandbox.id))
  } catch (error) {
    context.repairLater(sandbox.id)
    throw error
  }
}

/**
 * Makes a row and what the node holds agree, and answers the row as running or paused, or undefined when it is gone.
 * For holders of the id's lock, when no operation on it is on its way. Saved state is never thrown away here: a row
 * that was paused stays until it is killed.
 */
export async function settle(
  context: LifecycleContext,
  sandbox: Sandbox,
  held: NodeSandbox | undefined,
): Promise<Sandbox | undefined> {
  const settled = await SETTLERS[sandbox.state](context, sandbox, held)
  if (settled !== undefined && held !== undefined && held.status !== 'broken') {
    await settleEgress(context, settled, held)
  }
  return settled
}

type Settler = (
  context: LifecycleContext,
  sandbox: Sandbox,
  held: NodeSandbox | undefined,
) => Promise<Sandbox | undefined>

const SETTLERS: Readonly<Record<SandboxState, Settler>> = {
  creating: async (context, sandbox) => await kill(context, sandbox, 'creation was interrupted'),
  running: settleRunning,
  pausing: settlePausing,
  paused: settlePaused,
  resuming: settleResuming,
  snapshotting: settleRunning,
  killing: settleKilling,
}

async function settlePausing(
  context: LifecycleContext,
  sandbox: Sandbox,
  held: NodeSandbox | undefined,
): Promise<Sandbox | undefined> {
  if (held === undefined) return await kill(context, sandbox, MISSING)
  if (held.status === 'running') {
    return await context.ledger.transition(
      sandbox,
      'running',
      { pauseMode: undefined },
      { name: 'sandbox.pause-failed' },
    )
  }
  const isWhole = held.status === 'paused' && (held.hasMemory || sandbox.pauseMode === 'filesystem')
  const coldReason = isWhole ? undefined : held.status === 'broken' ? DAMAGED : NO_MEMORY
  return await becomePaused(context, sandbox, coldReason, held.wasGuestSilent)
}

async function settleResuming(
  context: LifecycleContext,
  sandbox: Sandbox,
  held: NodeSandbox | undefined,
): Promise<Sandbox | undefined> {
  if (held?.status !== 'running') {
    const reason = held === undefined ? MISSING : held.status === 'broken' ? DAMAGED : 'it did not start'
    return await context.ledger.transition(sandbox, 'paused', {}, { name: 'sandbox.resume-failed', data: { reason } })
  }
  // Repeating the call confirms that the daemon answers and knows its token and environment.
  await context.node.resume(sandbox.id, { init: nodeInit(sandbox), memory: true })
  const { coldReason } = held
  const deadlines = startDeadlines(sandbox, context.clock.nowMs(), sandbox.runTimeoutMs, context.planMs)
  const patch = { ...deadlines, pauseMode: undefined, wasGuestSilent: false, coldReason }
  return await context.ledger.transition(sandbox, 'running', patch, {
    name: 'sandbox.resumed',
    data: { reason: 'finished', ...(coldReason === undefined ? {} : { coldReason }) },
  })
}

async function settlePaused(
  context: LifecycleContext,
  sandbox: Sandbox,
  held: NodeSandbox | undefined,
): Promise<Sandbox | undefined> {
  if (held?.status === 'running') {
    await context.node.pause(sandbox.id, { memory: sandbox.pauseMode !== 'filesystem' })
  } else if (held?.status !== 'paused') {
    const reason = held === undefined ? MISSING : DAMAGED
    await context.ledger.record(sandbox, { name: 'sandbox.mismatch', data: { reason } })
  }
  return sandbox
}

async function settleRunning(
  context: LifecycleContext,
  sandbox: Sandbox,
  held: NodeSandbox | undefined,
): Promise<Sandbox | undefined> {
  if (held?.status === 'running') {
    context.deaths.delete(sandbox.id) // whatever died, it runs again
    return sandbox.state === 'running' ? sandbox : await context.ledger.transition(sandbox, 'running')
  }
  if (sandbox.state === 'snapshotting') {
    const running = await context.ledger.transition(sandbox, 'running')
    return running === undefined ? undefined : await settleRunning(context, running, held)
  }
  if (held === undefined) return await kill(context, sandbox, MISSING)
  if (held.status === 'paused' && held.hasMemory) {
    return await becomePaused(context, sandbox, undefined, held.wasGuestSilent)
  }
  const reason = held.status === 'broken' ? DAMAGED : (context.deaths.get(sandbox.id) ?? DIED)
  if (!sandbox.autoPause) return await kill(context, sandbox, reason)
  return await becomePaused(context, sandbox, reason)
}

async function becomePaused(
  context: LifecycleContext,
  sandbox: Sandbox,
  coldReason: string | undefined,
  wasGuestSilent = false,
): Promise<Sandbox | undefined> {
  const event: LedgerEvent =
    coldReason === undefined
      ? { name: 'sandbox.paused', data: { reason: 'finished' } }
      : { name: 'sandbox.died', data: { reason: coldReason } }
  const isUnplanned = sandbox.pauseMode === undefined && coldReason === undefined
  const patch = {
    endAtMs: context.clock.nowMs(),
    coldReason,
    wasGuestSilent,
    ...(isUnplanned ? { pauseMode: 'full' as const } : {}),
  }
  const paused = await context.ledger.transition(sandbox, 'paused', patch, event)
  context.deaths.delete(sandbox.id)
  return paused
}

async function settleKilling(context: LifecycleContext, sandbox: Sandbox): Promise<undefined> {
  await finishKill(context, sandbox)
  return undefined
}

async function kill(context: LifecycleContext, sandbox: Sandbox, reason: string): Promise<undefined> {
  const killing = await beginKill(context, sandbox, reason)
  if (killing !== undefined) await finishKill(context, killing)
  return undefined
}
