import type { SandboxId } from '@drowse/protocol'
import type { EventPage, StoredEvent, TeamEventQuery } from '../store/repos/event-repo.ts'
import type { LifecycleContext } from './lifecycle-context.ts'

/** An event with what clients want to know of its sandbox. */
export interface TeamEvent extends StoredEvent {
  /** Template of its sandbox; empty when newer events have pushed out the one of its creation. */
  templateId: string
}

/** What happened to a team's sandboxes, those that are gone included. Never wakes one. */
export async function readTeamEvents(
  { store }: LifecycleContext,
  query: TeamEventQuery,
  page: EventPage,
): Promise<{ events: TeamEvent[]; total: number }> {
  const events = await store.events.listByTeam(query, page)
  const templates = new Map<SandboxId, string>()
  for (const { sandboxId } of events) {
    if (templates.has(sandboxId)) continue
    const [first] = await store.events.listBySandbox(sandboxId, { order: 'asc', limit: 1 })
    const made = first?.data['templateId'] ?? (await store.sandboxes.find(sandboxId))?.templateId
    templates.set(sandboxId, typeof made === 'string' ? made : '')
  }
  const total = await store.events.countByTeam(query)
  return { events: events.map((event) => ({ ...event, templateId: templates.get(event.sandboxId) ?? '' })), total }
}
