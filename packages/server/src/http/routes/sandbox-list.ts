import { z } from 'zod'
import { findTemplate } from '../../templates/resolve-template.ts'
import { legacyListQuery, listQuery, parseMetadataFilter } from '../schemas/list-query.ts'
import { listedSandboxResponse, presentListedSandbox } from '../schemas/sandbox-response.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** Most sandboxes that the older route, which has no pages, gives. */
const LEGACY_LIMIT = 10_000

/** `GET /sandboxes` (running ones, no pages) and `GET /v2/sandboxes`. */
export function sandboxList(api: Api, { sandboxes, templates }: SandboxRouteDependencies): void {
  const response = { 200: z.array(listedSandboxResponse) }

  api.get('/sandboxes', { schema: { querystring: legacyListQuery, response } }, async (request, reply) => {
    const { metadata } = request.query
    const page = await sandboxes.list({
      teamId: request.teamId,
      states: ['running'],
      order: 'desc',
      limit: LEGACY_LIMIT,
      ...(metadata === undefined ? {} : { metadata: parseMetadataFilter(metadata) }),
    })
    return await reply.send(page.sandboxes.map(presentListedSandbox))
  })

  api.get('/v2/sandboxes', { schema: { querystring: listQuery, response } }, async (request, reply) => {
    const { metadata, state, limit, nextToken, startedAfter, template, order } = request.query
    const page = await sandboxes.list({
      teamId: request.teamId,
      states: state === undefined || state.length === 0 ? ['running', 'paused'] : state,
      order,
      limit,
      ...(metadata === undefined ? {} : { metadata: parseMetadataFilter(metadata) }),
      ...(nextToken === undefined ? {} : { token: nextToken }),
      ...(startedAfter === undefined ? {} : { startedAfterMs: startedAfter.getTime() }),
      ...(template === undefined
        ? {}
        : { templateId: findTemplate(await templates.templates(), template)?.id ?? template }),
    })
    if (page.nextToken !== undefined) void reply.header('x-next-token', page.nextToken)
    return await reply.send(page.sandboxes.map(presentListedSandbox))
  })
}
