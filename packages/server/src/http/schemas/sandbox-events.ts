import { z } from 'zod'
import type { EventName } from '../../events/event.ts'
import type { TeamEvent } from '../../sandboxes/events.ts'

/** Largest page. */
const MAX_PAGE = 100
const DEFAULT_PAGE = 10
/** Latest instant that a date can be, in seconds. */
const MAX_S = 8.64e12

/** E2B's types, and ours that they are. Failures and moves between tiers have none: the sandbox's log tells those. */
const LIFECYCLE_TYPES: Readonly<Partial<Record<EventName, string>>> = {
  'sandbox.created': 'sandbox.lifecycle.created',
  'sandbox.network': 'sandbox.lifecycle.updated',
  'sandbox.paused': 'sandbox.lifecycle.paused',
  'sandbox.died': 'sandbox.lifecycle.paused', // recorded only of one that becomes paused by it
  'sandbox.resumed': 'sandbox.lifecycle.resumed',
  'sandbox.killed': 'sandbox.lifecycle.killed',
}

/** Novita's operations, and ours that they are. */
const OPERATIONS: Readonly<Partial<Record<EventName, string>>> = {
  'sandbox.created': 'create',
  'sandbox.paused': 'pause',
  'sandbox.died': 'pause',
  'sandbox.pause-failed': 'pause',
  'sandbox.resumed': 'resume',
  'sandbox.resume-failed': 'resume',
  'sandbox.killed': 'delete',
}

/** One name, several, or several in one with commas between them. */
const names = z.preprocess(
  (value) =>
    [value]
      .flat()
      .flatMap((text) => String(text).split(','))
      .filter(Boolean),
  z.array(z.string()),
)
const orderAsc = z
  .enum(['true', 'false'], 'orderAsc must be true or false')
  .default('false')
  .transform((text) => (text === 'true' ? ('asc' as const) : ('desc' as const)))
const offset = z.coerce.number().int().min(0).max(1_000_000).default(0)
const limit = z.coerce.number().int().min(1).max(MAX_PAGE).default(DEFAULT_PAGE)
const seconds = z.coerce.number().min(0).max(MAX_S).optional()

/** Query of `GET /events/sandboxes` and `GET /events/sandboxes/:sandboxID`, E2B's. */
export const lifecycleEventsQuery = z.object({ offset, limit, orderAsc, types: names.optional() })

/** Query of `GET /sandboxes/events`, Novita's; times in seconds. */
export const sandboxEventsQuery = z.object({
  startTime: seconds,
  endTime: seconds,
  sandboxID: z.string().max(64).optional(),
  templateID: z.string().max(256).optional(),
  events: names.optional(),
  state: z.string().max(64).optional(),
  orderAsc,
  offset,
  limit,
})

/** Our events that E2B's `types` mean; all that have a type when there are none. */
export function namesOfTypes(types: readonly string[] | undefined): EventName[] {
  return namesIn(LIFECYCLE_TYPES, types)
}

/** Our events that Novita's `events` and `state` mean. */
export function namesOfOperations(operations: readonly string[] | undefined, state: string | undefined): EventName[] {
  return namesIn(OPERATIONS, operations).filter((name) => state === undefined || stateOf(name) === state)
}

function namesIn(
  table: Readonly<Partial<Record<EventName, string>>>,
  wanted: readonly string[] | undefined,
): EventName[] {
  const all = Object.keys(table) as EventName[] // the tables' keys are
  return wanted === undefined || wanted.length === 0 ? all : all.filter((name) => wanted.includes(table[name] ?? ''))
}

function stateOf(name: EventName): string {
  return name.endsWith('-failed') ? 'failed' : 'success'
}

/** Answer of E2B's routes. */
export const lifecycleEventsResponse = z.array(
  z.object({
    version: z.string(),
    id: z.string(),
    type: z.string(),
    eventData: z.record(z.string(), z.unknown()).nullable(),
    sandboxBuildId: z.string(),
    sandboxId: z.string(),
    sandboxTeamId: z.string(),
    sandboxTemplateId: z.string(),
    timestamp: z.string(),
  }),
)

/** Answer of Novita's route. */
export const sandboxEventsResponse = z.object({
  items: z.array(
    z.object({
      eventID: z.string(),
      recordAt: z.number(),
      templateID: z.string(),
      templateName: z.string(),
      sandboxID: z.string(),
      eventName: z.string(),
      state: z.string(),
      errorMsg: z.string(),
      statusCode: z.number(),
    }),
  ),
  total: z.number(),
  hasMore: z.boolean(),
})

/** An event as E2B's clients read it. A template has one build, of the same id. */
export function presentLifecycleEvent(event: TeamEvent): z.infer<typeof lifecycleEventsResponse>[number] {
  const { id, name, data, sandboxId, teamId, templateId, atMs } = event
  return {
    version: 'v1',
    id: String(id),
    type: LIFECYCLE_TYPES[name] ?? name,
    eventData: Object.keys(data).length === 0 ? null : { ...data },
    sandboxBuildId: templateId,
    sandboxId,
    sandboxTeamId: teamId,
    sandboxTemplateId: templateId,
    timestamp: new Date(atMs).toISOString(),
  }
}

/** An event as Novita's clients read it. */
export function presentSandboxEvent(event: TeamEvent): z.infer<typeof sandboxEventsResponse>['items'][number] {
  const { id, name, data, sandboxId, templateId, atMs } = event
  const state = stateOf(name)
  const { reason } = data
  return {
    eventID: String(id),
    recordAt: Math.floor(atMs / 1000),
    templateID: templateId,
    templateName: templateId,
    sandboxID: sandboxId,
    eventName: OPERATIONS[name] ?? name,
    state,
    errorMsg: state === 'failed' && typeof reason === 'string' ? reason : '',
    statusCode: state === 'failed' ? 500 : 200,
  }
}
