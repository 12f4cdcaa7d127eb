import {
  logsQuery,
  logsResponse,
  pagedLogsQuery,
  pagedLogsResponse,
  presentLogEntry,
  presentLogLine,
} from '../schemas/sandbox-logs.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `GET /sandboxes/:sandboxID/logs` and its `/v2` twin, also of a sandbox that is gone. */
export function sandboxLogs(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  const older = { params: sandboxParams, querystring: logsQuery, response: { 200: logsResponse } }
  api.get('/sandboxes/:sandboxID/logs', { schema: older }, async (request, reply) => {
    const { start, limit } = request.query
    const entries = await sandboxes.logs(request.teamId, request.params.sandboxID, {
      direction: 'forward',
      limit,
      ...(start === undefined ? {} : { cursorMs: start }),
    })
    return await reply.send({ logs: entries.map(presentLogLine), logEntries: entries.map(presentLogEntry) })
  })

  const newer = { params: sandboxParams, querystring: pagedLogsQuery, response: { 200: pagedLogsResponse } }
  api.get('/v2/sandboxes/:sandboxID/logs', { schema: newer }, async (request, reply) => {
    const { cursor, limit, direction, level, search } = request.query
    const entries = await sandboxes.logs(request.teamId, request.params.sandboxID, {
      direction,
      limit,
      ...(cursor === undefined ? {} : { cursorMs: cursor }),
      ...(level === undefined ? {} : { level }),
      ...(search === undefined || search === '' ? {} : { search }),
    })
    return await reply.send({ logs: entries.map(presentLogEntry) })
  })
}
