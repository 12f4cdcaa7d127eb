import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { TeamRepo } from '../store/repos/team-repo.ts'
import { authenticate } from '../teams/authenticate.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Team of the request's API key; empty on routes without authentication. */
    teamId: string
  }
}

/** Makes every route of `app` need an API key: `X-API-KEY`, or the same key as `Authorization: Bearer`. */
export function requireApiKey(app: FastifyInstance, teams: TeamRepo): void {
  app.decorateRequest('teamId', '')
  app.addHook('onRequest', async (request) => {
    request.teamId = await authenticate(teams, apiKeyOf(request.headers))
  })
}

/** The API key that a request carries. */
export function apiKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['x-api-key']
  const given = Array.isArray(header) ? header[0] : header
  if (given !== undefined && given !== '') return given
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}
