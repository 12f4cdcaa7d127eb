import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ENVD_PORT } from '@drowse/protocol'
import { mayNotWake, TRAFFIC_TOKEN_HEADER, trafficTokenRefused, type Answer } from '../answer/answer.ts'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { RouteAccess, TrafficCredentials } from '../route-source.ts'

/** Reads the credentials for a sandbox from a request's headers. */
export function readCredentials(headers: IncomingHttpHeaders): TrafficCredentials {
  const accessToken = single(headers['x-access-token'])
  const trafficAccessToken = single(headers[TRAFFIC_TOKEN_HEADER])
  return {
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(trafficAccessToken === undefined ? {} : { trafficAccessToken }),
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

/** Refuses to wake a sandbox for a request without its token, so that a scanner leaves it asleep. Public ports wake for anyone. */
export function refuseWake(
  access: RouteAccess,
  credentials: TrafficCredentials,
  target: SandboxTarget,
): Answer | undefined {
  const isDaemon = target.port === ENVD_PORT
  const wanted = isDaemon ? access.accessToken : access.trafficAccessToken
  const given = isDaemon ? credentials.accessToken : credentials.trafficAccessToken
  if (wanted === undefined || isSameSecret(given ?? '', wanted)) return undefined
  return mayNotWake(target)
}

function isSameSecret(given: string, wanted: string): boolean {
  const left = Buffer.from(given)
  const right = Buffer.from(wanted)
  return left.length === right.length && timingSafeEqual(left, right)
}

function single(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}
