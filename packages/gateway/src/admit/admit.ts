import type { IncomingMessage, ServerResponse } from 'node:http'
import { deadline, raceSignal, systemClock } from '@drowse/common'
import { DrowseError, ENVD_PORT, type SandboxId } from '@drowse/protocol'
import {
  leftAsleep,
  pathNotFound,
  preflightPassed,
  sandboxNotFound,
  stillTransitioning,
  stillWaking,
  type Answer,
} from '../answer/answer.ts'
import { isReloadable } from '../answer/error-page.ts'
import { failureAnswer } from '../answer/failure-answer.ts'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { Route, RouteAccess, RouteSource } from '../route-source.ts'
import { clientGone } from './client-gone.ts'
import { readCredentials, refuseTraffic, refuseWake } from './credentials.ts'
import { isInternalPath } from './internal-path.ts'
import { mustNotWake } from './must-not-wake.ts'

/** Longest time, in ms, that a request waits for a sandbox to wake (wire.md §7, "transition wait for auto-resume"). */
const WAKE_LIMIT_MS = 60_000
/** Time, in ms, that a browser's page waits for a wake before it is told to look again: above most wakes, below what a person takes for a failure. */
const PAGE_AFTER_MS = 1_500
/** How often one request may find a sandbox asleep again right after it was woken. */
const MAX_WAKES = 3

/** What came of asking whether a request may pass. */
export type Admission =
  | {
      kind: 'pass'
      access: RouteAccess
      generation: number | undefined
      address: { host: string; port: number }
      /** This request found the sandbox asleep: what listens inside may need a moment more. */
      hasWoken: boolean
    }
  | { kind: 'refuse'; answer: Answer; cause?: unknown }
  /** The client went away while its request waited. */
  | { kind: 'gone' }

/** What {@link admit} works with. */
export interface AdmitOptions {
  routes: RouteSource
  /** Called when a sandbox is seen not to run: connections kept open for reuse lead nowhere. */
  onNotRunning(id: SandboxId): void
}

/**
 * Lets a request pass to a sandbox's port, waking the sandbox first when the request carries what that takes.
 * Never throws. A client that goes away ends its own wait, not the wake.
 */
export async function admit(
  options: AdmitOptions,
  target: SandboxTarget,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Admission> {
  if (target.port === ENVD_PORT && isInternalPath(request.url ?? '')) return refuse(pathNotFound(target))
  try {
    for (let wakes = 0; ; wakes++) {
      const route = await options.routes.resolve(target.id)
      if (route.kind !== 'running') options.onNotRunning(target.id)
      if (route.kind === 'not-found') return refuse(sandboxNotFound(target))
      if (route.kind === 'running') return await pass(options.routes, route, target, request, wakes > 0)
      if (isDaemonPreflight(request, target)) return refuse(preflightPassed(target))
      const refusal = refuseWake(route.access, readCredentials(request), target, systemClock.nowMs())
      if (refusal !== undefined) return refuse(refusal)
      if (mustNotWake(request)) return refuse(leftAsleep(target))
      if (wakes === MAX_WAKES) return refuse(stillTransitioning(target))
      const isPage = isReloadable(request.method, request.headers)
      if (!(await wake(options.routes, target.id, response, isPage ? PAGE_AFTER_MS : WAKE_LIMIT_MS))) {
        return refuse(isPage ? stillWaking(target) : stillTransitioning(target))
      }
    }
  } catch (error) {
    if (response.destroyed) return { kind: 'gone' }
    return { kind: 'refuse', answer: failureAnswer(error, target), cause: error }
  }
}

async function pass(
  routes: RouteSource,
  route: Extract<Route, { kind: 'running' }>,
  target: SandboxTarget,
  request: IncomingMessage,
  hasWoken: boolean,
): Promise<Admission> {
  if (route.access.trafficAccessToken !== undefined) {
    const refusal = refuseTraffic(route.access, readCredentials(request), target)
    if (refusal !== undefined) return refuse(refusal)
  }
  const address = await routes.endpoint(target.id, target.port)
  return { kind: 'pass', access: route.access, generation: route.generation, address, hasWoken }
}

/** Resolves with whether it woke within `patienceMs`; a wake that takes longer goes on. */
async function wake(
  routes: RouteSource,
  id: SandboxId,
  response: ServerResponse,
  patienceMs: number,
): Promise<boolean> {
  using gone = clientGone(response)
  const signal = deadline(patienceMs, `wake sandbox "${id}"`, gone.signal)
  try {
    await raceSignal(routes.wake(id, signal), signal)
    return true
  } catch (error) {
    if (DrowseError.from(error).code !== 'deadline_exceeded') throw error
    return false
  }
}

/** The daemon lets scripts of every origin ask it; the request itself must carry the token. */
function isDaemonPreflight({ method, headers }: IncomingMessage, target: SandboxTarget): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined && target.port === ENVD_PORT
}

function refuse(answer: Answer): Admission {
  return { kind: 'refuse', answer }
}
