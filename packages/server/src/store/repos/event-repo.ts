import type { SandboxId } from '@drowse/protocol'
import type { SandboxEvent } from '../../events/event.ts'

/** A part of a history. */
export interface EventRange {
  /** `asc` gives the oldest first. */
  order: 'asc' | 'desc'
  limit: number
  /** Instant to begin at, included: events from it on, or with `desc` up to it. */
  fromMs?: number
}

/** History of sandboxes; entries are added, and the oldest removed. */
export interface EventRepo {
  append(event: SandboxEvent): Promise<void>
  /** Events of one sandbox, by default all of them, oldest first. */
  listBySandbox(sandboxId: SandboxId, range?: EventRange): Promise<SandboxEvent[]>
  /** Removes all but the latest `keep` events. */
  prune(keep: number): Promise<void>
}
