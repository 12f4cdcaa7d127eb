import type { SandboxId } from '@drowse/protocol'
import type { EventName, SandboxEvent } from '../../events/event.ts'

/** A part of a history. */
export interface EventRange {
  /** `asc` gives the oldest first. */
  order: 'asc' | 'desc'
  limit: number
  /** Instant to begin at, included: events from it on, or with `desc` up to it. */
  fromMs?: number
}

/** Which events of a team are asked for. */
export interface TeamEventQuery {
  teamId: string
  names: readonly EventName[]
  sandboxId?: string
  /** Of sandboxes that were made from it. */
  templateId?: string
  /** Both included. */
  fromMs?: number
  toMs?: number
}

/** A part of what a {@link TeamEventQuery} finds, by age. */
export interface EventPage {
  order: 'asc' | 'desc'
  offset: number
  limit: number
}

/** An event as it is stored. */
export interface StoredEvent extends SandboxEvent {
  /** Later events have higher ones. */
  id: number
}

/** History of sandboxes; entries are added, and the oldest removed. */
export interface EventRepo {
  append(event: SandboxEvent): Promise<void>
  /** Events of one sandbox, by default all of them, oldest first. */
  listBySandbox(sandboxId: SandboxId, range?: EventRange): Promise<SandboxEvent[]>
  /** Events of a team's sandboxes, those that are gone included. */
  listByTeam(query: TeamEventQuery, page: EventPage): Promise<StoredEvent[]>
  /** How many events {@link EventRepo.listByTeam} finds on all pages. */
  countByTeam(query: TeamEventQuery): Promise<number>
  /** Removes all but the latest `keep` events. */
  prune(keep: number): Promise<void>
}
