import type { IncomingMessage } from 'node:http'
import { ENVD_PORT } from '@drowse/protocol'
import { connectionLost, pausedMeanwhile, portClosed, sandboxNotFound, type Answer } from '../answer/answer.ts'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { Route, RouteSource, StopCause } from '../route-source.ts'
import { hasBody } from './request-headers.ts'
import type { UpstreamResult } from './upstream-request.ts'

/**
 * Pauses, in ms, between tries to reach what is just starting to listen: the daemon, or a server in a sandbox that this request
 * woke. A server that was paused while it started gets the time to finish, so that the first request to a preview does not fail.
 */
const STARTING_RETRY_MS = [50, 100, 200, 400, 800]
/** Most tries of one request, whatever the reasons. */
const MAX_TRIES = 6

/** What to do about a request that got no answer from a sandbox. */
export type Judgement =
  /** Ask again where the sandbox is, and send again; on a connection of its own when the last one was stale. */
  { kind: 'again'; delayMs: number; isFresh: boolean } | { kind: 'answer'; answer: Answer }

/** A request that failed, for {@link judgeFailure}. */
export interface FailedTry {
  failure: Extract<UpstreamResult, { kind: 'unreachable' | 'lost' }>
  /** How many tries came before this one. */
  earlierTries: number
  /** The gateway itself cut the connection. */
  wasCut: boolean
  /** Why it did: the sandbox stopped under the request. */
  cause: StopCause | undefined
  /** The run of the sandbox that the request was sent to. */
  generation: number | undefined
  /** The request woke the sandbox. */
  hasWoken: boolean
}

/** Whether sending a request twice is the same as sending it once, and nothing of it is used up by sending. */
export function isRepeatable(request: IncomingMessage): boolean {
  return IDEMPOTENT.has(request.method ?? '') && !hasBody(request)
}

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'])

/**
 * Decides between trying again and an answer. Tried again: what may be about to listen, a sandbox that fell asleep before a connection
 * was made, and a repeatable request that met a connection which had died while idle. A request that reached a server is never sent twice.
 */
export async function judgeFailure(
  routes: RouteSource,
  target: SandboxTarget,
  request: IncomingMessage,
  tried: FailedTry,
): Promise<Judgement> {
  const { failure, earlierTries } = tried
  const mayTry = earlierTries + 1 < MAX_TRIES
  const route = await routes.resolve(target.id)
  const isStale = failure.kind === 'lost' && failure.wasReused && !tried.wasCut && route.kind === 'running'
  if (isStale && mayTry && isRepeatable(request)) return { kind: 'again', delayMs: 0, isFresh: true }
  if (failure.kind === 'lost' && wasPaused(route, tried)) return { kind: 'answer', answer: pausedMeanwhile(target) }
  if (route.kind === 'not-found') return { kind: 'answer', answer: sandboxNotFound(target) }
  if (failure.kind === 'lost') return { kind: 'answer', answer: connectionLost(target) }
  if (route.kind === 'asleep' && mayTry) return { kind: 'again', delayMs: 0, isFresh: false }
  const delayMs = STARTING_RETRY_MS[earlierTries]
  const mayBeStarting = target.port === ENVD_PORT || tried.hasWoken
  if (failure.isRefused && mayBeStarting && delayMs !== undefined) {
    return { kind: 'again', delayMs, isFresh: false }
  }
  return { kind: 'answer', answer: portClosed(target) }
}

/** Whether a pause ended a request that was sent to a run of a sandbox: as the gateway was told, or else as the sandbox looks afterwards. */
export function wasPaused(route: Route, sent: Pick<FailedTry, 'cause' | 'generation'>): boolean {
  if (sent.cause !== undefined) return sent.cause === 'paused'
  if (route.kind === 'running') return sent.generation !== undefined && route.generation !== sent.generation
  return route.kind === 'asleep' || route.isPaused === true
}
