import type { IncomingMessage, ServerResponse } from 'node:http'
import { deadline, raceSignal, systemClock } from '@drowse/common'
import { ENVD_PORT, type SandboxId } from '@drowse/protocol'
import { pathNotFound, sandboxNotFound, stillTransitioning, type Answer } from '../answer/answer.ts'
import { failureAnswer } from '../answer/failure-answer.ts'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { Route, RouteAccess, RouteSource } from '../route-source.ts'
import { clientGone } from './client-gone.ts'
import { readCredentials, refuseTraffic, refuseWake } from './credentials.ts'
import { isInternalPath } from './internal-path.ts'

/** Longest time, in ms, that a request waits for a sandbox to wake (wire.md §7, "transition wait for auto-resume"). */
const WAKE_LIMIT_MS = 60_000
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
      const refusal = refuseWake(route.access, readCredentials(request), target, systemClock.nowMs())
      if (refusal !== undefined) return refuse(refusal)
      if (wakes === MAX_WAKES) return refuse(stillTransitioning(target))
      await wake(options.routes, target.id, response)
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
  const refusal = refuseTraffic(route.access, readCredentials(request), target)
  if (refusal !== undefined) return refuse(refusal)
  const address = await routes.endpoint(target.id, target.port)
  return { kind: 'pass', access: route.access, generation: route.generation, address, hasWoken }
}

async function wake(routes: RouteSource, id: SandboxId, response: ServerResponse): Promise<void> {
  using gone = clientGone(response)
  const signal = deadline(WAKE_LIMIT_MS, `wake sandbox "${id}"`, gone.signal)
  await raceSignal(routes.wake(id, signal), signal)
}

function refuse(answer: Answer): Admission {
  return { kind: 'refuse', answer }
}
