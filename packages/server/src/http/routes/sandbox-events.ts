import {
  lifecycleEventsQuery,
  lifecycleEventsResponse,
  namesOfOperations,
  namesOfTypes,
  presentLifecycleEvent,
  presentSandboxEvent,
  sandboxEventsQuery,
  sandboxEventsResponse,
} from '../schemas/sandbox-events.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `GET /events/sandboxes` and `GET /events/sandboxes/:sandboxID` of E2B, `GET /sandboxes/events` of Novita: what happened, also to sandboxes that are gone. */
export function sandboxEvents(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  const ofTeam = { querystring: lifecycleEventsQuery, response: { 200: lifecycleEventsResponse } }
  api.get('/events/sandboxes', { schema: ofTeam }, async ({ teamId, query }, reply) => {
    const { types, offset, limit, orderAsc } = query
    const page = { order: orderOf(orderAsc), offset, limit }
    const { events } = await sandboxes.events({ teamId, names: namesOfTypes(types) }, page)
    return await reply.send(events.map(presentLifecycleEvent))
  })

  const ofSandbox = { ...ofTeam, params: sandboxParams }
  api.get('/events/sandboxes/:sandboxID', { schema: ofSandbox }, async ({ teamId, query, params }, reply) => {
    const { types, offset, limit, orderAsc } = query
    const page = { order: orderOf(orderAsc), offset, limit }
    const { events } = await sandboxes.events({ teamId, names: namesOfTypes(types), sandboxId: params.sandboxID }, page)
    return await reply.send(events.map(presentLifecycleEvent))
  })

  const novitas = { querystring: sandboxEventsQuery, response: { 200: sandboxEventsResponse } }
  api.get('/sandboxes/events', { schema: novitas }, async ({ teamId, query }, reply) => {
    const { startTime, endTime, sandboxID, templateID, events: operations, state, orderAsc, offset, limit } = query
    const wanted = {
      teamId,
      names: namesOfOperations(operations, state),
      ...(sandboxID === undefined || sandboxID === '' ? {} : { sandboxId: sandboxID.split('-')[0] ?? sandboxID }),
      ...(templateID === undefined || templateID === '' ? {} : { templateId: templateID }),
      ...(startTime === undefined ? {} : { fromMs: startTime * 1000 }),
      ...(endTime === undefined ? {} : { toMs: endTime * 1000 + 999 }),
    }
    const { events, total } = await sandboxes.events(wanted, { order: orderOf(orderAsc), offset, limit })
    return await reply.send({
      items: events.map(presentSandboxEvent),
      total,
      hasMore: offset + events.length < total,
    })
  })
}

function orderOf(orderAsc: 'true' | 'false'): 'asc' | 'desc' {
  return orderAsc === 'true' ? 'asc' : 'desc'
}
