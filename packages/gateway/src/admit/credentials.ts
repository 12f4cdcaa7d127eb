import type { IncomingMessage } from 'node:http'
import { checkFileSignature, ENVD_PORT, isSameSecret, type FileOperation } from '@drowse/protocol'
import { mayNotWake, TRAFFIC_TOKEN_HEADER, trafficTokenRefused, type Answer } from '../answer/answer.ts'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { RouteAccess, TrafficCredentials } from '../route-source.ts'

/** What a signature can allow, by the method of the request. */
const FILE_OPERATIONS: Readonly<Record<string, FileOperation>> = { GET: 'read', HEAD: 'read', POST: 'write' }

/** Reads the credentials for a sandbox from a request's headers, and from its URL when that is of a file. */
export function readCredentials(request: Pick<IncomingMessage, 'headers' | 'method' | 'url'>): TrafficCredentials {
  const { headers } = request
  const file = readFileRequest(request)
  const accessToken = single(headers['x-access-token'])
  const trafficAccessToken = single(headers[TRAFFIC_TOKEN_HEADER])
  return {
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(trafficAccessToken === undefined ? {} : { trafficAccessToken }),
    ...(file === undefined ? {} : { file }),
  }
}

/** Refuses a request to a running sandbox's private port. The daemon's port is not checked here: the daemon does it itself. */
export function refuseTraffic(
  access: RouteAccess,
  credentials: TrafficCredentials,
  target: SandboxTarget,
): Answer | undefined {
  const wanted = access.trafficAccessToken
  if (wanted === undefined || target.port === ENVD_PORT) return undefined
  const given = credentials.trafficAccessToken
  if (given === undefined || given === '') return trafficTokenRefused(target, 'missing')
  return isSameSecret(given, wanted) ? undefined : trafficTokenRefused(target, 'invalid')
}

/**
 * Refuses to wake a sandbox for a request without its token, so that a scanner leaves it asleep. Public ports wake for anyone,
 * and so does a signed URL of a file; a token that comes beside one has to be right all the same, as the daemon demands it.
 */
export function refuseWake(
  access: RouteAccess,
  credentials: TrafficCredentials,
  target: SandboxTarget,
  nowMs: number,
): Answer | undefined {
  const isDaemon = target.port === ENVD_PORT
  const wanted = isDaemon ? access.accessToken : access.trafficAccessToken
  const given = isDaemon ? credentials.accessToken : credentials.trafficAccessToken
  if (wanted === undefined || isSameSecret(given ?? '', wanted)) return undefined
  const { file } = credentials
  if (isDaemon && given === undefined && file !== undefined) {
    if (checkFileSignature({ ...file, accessToken: wanted, nowMs }) === 'valid') return undefined
  }
  return mayNotWake(target)
}

/** What a request to read or write a file says of itself; `undefined` for any other request. */
export function readFileRequest({
  method,
  url = '',
}: Pick<IncomingMessage, 'method' | 'url'>): TrafficCredentials['file'] {
  const [path, ...query] = url.split('?')
  const operation = FILE_OPERATIONS[method ?? '']
  if (path !== '/files' || operation === undefined) return undefined
  return { query: new URLSearchParams(query.join('?')), operation }
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
