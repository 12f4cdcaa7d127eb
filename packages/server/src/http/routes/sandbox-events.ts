import type { z } from 'zod'
import type { TeamEventQuery } from '../../store/repos/event-repo.ts'
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
import { sandboxParams, withoutClient } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `GET /events/sandboxes` and `GET /events/sandboxes/:sandboxID` of E2B, `GET /sandboxes/events` of Novita: what happened, also to sandboxes that are gone. */
export function sandboxEvents(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  const lifecycleEvents = async (
    { types, orderAsc: order, ...page }: z.infer<typeof lifecycleEventsQuery>,
    wanted: Pick<TeamEventQuery, 'teamId' | 'sandboxId'>,
  ): Promise<z.infer<typeof lifecycleEventsResponse>> => {
    const { events } = await sandboxes.events({ ...wanted, names: namesOfTypes(types) }, { ...page, order })
    return events.map(presentLifecycleEvent)
  }
  const ofTeam = { querystring: lifecycleEventsQuery, response: { 200: lifecycleEventsResponse } }
  api.get('/events/sandboxes', { schema: ofTeam }, async ({ teamId, query }, reply) => {
    return await reply.send(await lifecycleEvents(query, { teamId }))
  })
  const ofSandbox = { ...ofTeam, params: sandboxParams }
  api.get('/events/sandboxes/:sandboxID', { schema: ofSandbox }, async ({ teamId, query, params }, reply) => {
    return await reply.send(await lifecycleEvents(query, { teamId, sandboxId: params.sandboxID }))
  })

  const novitas = { querystring: sandboxEventsQuery, response: { 200: sandboxEventsResponse } }
  api.get('/sandboxes/events', { schema: novitas }, async ({ teamId, query }, reply) => {
    const { startTime, endTime, sandboxID, templateID, events: operations, state, orderAsc: order, ...page } = query
    const wanted = {
      teamId,
      names: namesOfOperations(operations, state),
      ...(sandboxID === undefined || sandboxID === '' ? {} : { sandboxId: withoutClient(sandboxID) }),
      ...(templateID === undefined || templateID === '' ? {} : { templateId: templateID }),
      ...(startTime === undefined ? {} : { fromMs: startTime * 1000 }),
      ...(endTime === undefined ? {} : { toMs: endTime * 1000 + 999 }),
    }
    const { events, total } = await sandboxes.events(wanted, { ...page, order })
    return await reply.send({
      items: events.map(presentSandboxEvent),
      total,
      hasMore: page.offset + events.length < total,
    })
  })
}
