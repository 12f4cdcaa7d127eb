import type { EgressPolicy } from '@drowse/engine'
import type { SandboxId } from '@drowse/protocol'
import type { NodeInit, NodeResumeResult, NodeSandbox, SandboxTier } from '../node-client.ts'

/** One sandbox in a fake node. */
export interface FakeSandbox {
  status: 'running' | 'paused'
  /** Where it is while it is paused. */
  tier: SandboxTier
  init: NodeInit
  egress: EgressPolicy | undefined
  /** Its daemon did not answer when it was paused. */
  wasGuestSilent?: boolean
  /** Why this run booted from files. */
  coldStart?: string
  /** Makes the saved memory unusable. */
  coldReason?: string
}

/** What callers are shown of a sandbox. */
export function describeSandbox(id: SandboxId, sandbox: FakeSandbox): NodeSandbox {
  const { status, tier, wasGuestSilent, coldStart, egress } = sandbox
  const rules = egress === undefined ? {} : { egress }
  if (status === 'running') {
    return { id, status, hasMemory: false, ...rules, ...(coldStart === undefined ? {} : { coldReason: coldStart }) }
  }
  const mark = wasGuestSilent === true && tier !== 'files' ? { wasGuestSilent } : {}
  return { id, status, hasMemory: tier !== 'files', tier, ...rules, ...mark }
}

/** How a wake of `sandbox` goes; a running one is confirmed. */
export function wakeResult(sandbox: FakeSandbox, memory: boolean): NodeResumeResult {
  if (sandbox.status === 'running') return { tier: 'frozen', isCold: false }
  const coldReason = whyCold(sandbox, memory)
  return coldReason === undefined ? { tier: sandbox.tier, isCold: false } : { tier: 'files', isCold: true, coldReason }
}

function whyCold(sandbox: FakeSandbox, memory: boolean): string | undefined {
  if (!memory) return 'a boot from files was asked for'
  if (sandbox.tier === 'files') return 'no memory was saved'
  return sandbox.coldReason
}
