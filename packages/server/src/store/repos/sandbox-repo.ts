import type { SandboxId, SandboxState } from '@drowse/protocol'
import type { Sandbox, SandboxPatch } from '../../sandboxes/sandbox.ts'

/** Where a page of a list starts: behind this sandbox. */
export interface PageKey {
  startedAtMs: number
  id: string
}

/** Which sandboxes a list wants. */
export interface SandboxListQuery {
  teamId: string
  states: readonly SandboxState[]
  /** All pairs must match exactly. */
  metadata?: Readonly<Record<string, string>>
  templateId?: string
  /** Inclusive. */
  startedAfterMs?: number
  /** By `startedAt`, then id. */
  order: 'asc' | 'desc'
  limit: number
  after?: PageKey
}

/** What a compare-and-set expects to find. */
export type SandboxVersion = Pick<Sandbox, 'id' | 'state' | 'generation'>

/** Stored sandboxes. Every write is durable when it answers, but for those that are asked not to wait for the disk. */
export interface SandboxRepo {
  insert(sandbox: Sandbox): Promise<void>
  find(id: SandboxId): Promise<Sandbox | undefined>
  /**
   * Moves a sandbox to another state when it is still as `from` says; answers the new row, or undefined when it is not.
   * With `isSoft` it survives the end of this process, but a loss of power only once another write is durable.
   * Throws "internal" when the transition is not in `SANDBOX_TRANSITIONS`.
   */
  transition(
    from: SandboxVersion,
    to: SandboxState,
    patch?: SandboxPatch,
    options?: { isSoft?: boolean },
  ): Promise<Sandbox | undefined>
  /** Changes fields without changing the state, when the sandbox is still as `from` says; otherwise undefined. */
  update(from: SandboxVersion, patch: SandboxPatch): Promise<Sandbox | undefined>
  /** Removes the row when it is still as `from` says; says whether it did. */
  remove(from: SandboxVersion): Promise<boolean>
  /** One page, `limit` rows at most. */
  list(query: SandboxListQuery): Promise<Sandbox[]>
  /** Every sandbox, for reconciliation. */
  all(): Promise<Sandbox[]>
  /** The daemon's token of every secured sandbox. */
  accessTokens(): Promise<{ id: SandboxId; accessToken: string }[]>
  /** The earliest `endAtMs` later than `afterMs` among running sandboxes. */
  nextDeadline(afterMs: number): Promise<number | undefined>
  /** Running sandboxes whose `endAtMs` is not later than `nowMs`, earliest first. */
  dueBefore(nowMs: number): Promise<SandboxId[]>
}
