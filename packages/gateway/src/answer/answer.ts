import type { SandboxId } from '@drowse/protocol'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { ConnectCode } from './connect-error.ts'

/** An answer that the gateway gives itself, in a sandbox's place. */
export interface Answer {
  status: number
  /** Clients compare some of these texts: they must not be paraphrased (wire.md §2.4, wire-drift.md §3). */
  message: string
  sandboxId?: SandboxId
  port?: number
  /** What a call of the Connect protocol is told by code; absent when its client goes by the status. */
  connectCode?: ConnectCode
  /** Value of Retry-After, in seconds. */
  retryAfterS?: number
  /** When a page with this answer loads itself again, in seconds. */
  reloadAfterS?: number
}

/** Header that carries the traffic token, as messages name it. */
export const TRAFFIC_TOKEN_HEADER = 'e2b-traffic-access-token'

/** A malformed request. */
export function badRequest(message: string): Answer {
  return { status: 400, message }
}

/** More headers than a request may have. */
export function headersTooLarge(limitBytes: number): Answer {
  return { status: 431, message: `The request's headers are larger than ${limitBytes} bytes` }
}

/** More than all clients together may have open. */
export function tooManyOpen(limit: number): Answer {
  return { status: 503, message: `Too many connections: ${limit} are open`, retryAfterS: 1 }
}

/** More URLs at once of whose signature nobody knows yet whose it is. */
export function tooManySearches(message: string): Answer {
  return { status: 429, message, retryAfterS: 1 }
}

/** A path of the daemon that is not for the outside. */
export function pathNotFound(target: SandboxTarget): Answer {
  return { status: 404, message: 'Not found', sandboxId: target.id }
}

/** Unknown, killed, or paused and not to be woken by traffic. */
export function sandboxNotFound(target: SandboxTarget): Answer {
  return { status: 502, message: 'The sandbox was not found', sandboxId: target.id }
}

/** The sandbox runs and nothing listens on the port. */
export function portClosed(target: SandboxTarget): Answer {
  return {
    status: 502,
    message: 'The sandbox is running but port is not open',
    sandboxId: target.id,
    port: target.port,
  }
}

/** The server in the sandbox took the request and went away without an answer. */
export function connectionLost(target: SandboxTarget): Answer {
  return {
    status: 502,
    message: 'The sandbox closed the connection before it answered',
    sandboxId: target.id,
    port: target.port,
  }
}

/** A browser asks what a script of another origin may send to a sleeping daemon. It cannot carry a token, so it wakes nothing. */
export function preflightPassed(target: SandboxTarget): Answer {
  return { status: 204, message: '', sandboxId: target.id }
}

/** The sandbox sleeps, and the request asked not to wake it. */
export function leftAsleep(target: SandboxTarget): Answer {
  return { status: 409, message: 'The sandbox is paused', sandboxId: target.id }
}

/** The sandbox is on its way; a browser looks again by itself. */
export function stillWaking(target: SandboxTarget): Answer {
  return {
    status: 503,
    message: 'The sandbox is waking up',
    sandboxId: target.id,
    retryAfterS: 1,
    reloadAfterS: 1,
  }
}

/** What whoever had to do with a sandbox is told when it is paused. */
export const PAUSED = 'The sandbox was paused'

/** The sandbox was paused while it had the request. Clients take it as it is: after a 502 some of them ask for the sandbox's health, which would wake it. */
export function pausedMeanwhile(target: SandboxTarget): Answer {
  return { status: 409, message: PAUSED, connectCode: 'aborted', sandboxId: target.id }
}

/** More at once than one sandbox may have. */
export function tooManyConnections(target: SandboxTarget, limit: number): Answer {
  const message = `Too many connections to this sandbox: ${limit} are open`
  return { status: 429, message, sandboxId: target.id, port: target.port, retryAfterS: 1 }
}

/** More in a second than one sandbox may have. */
export function tooManyRequests(target: SandboxTarget, limit: number): Answer {
  const message = `Too many requests to this sandbox: more than ${limit} a second`
  return { status: 429, message, sandboxId: target.id, port: target.port, retryAfterS: 1 }
}

/** A wake or a transition was not over in time. */
export function stillTransitioning(target: SandboxTarget): Answer {
  return {
    status: 409,
    message: 'The sandbox is still transitioning. Try again in a moment.',
    sandboxId: target.id,
    retryAfterS: 1,
  }
}

/** The sandbox sleeps, and the request does not carry what may wake it. */
export function mayNotWake(target: SandboxTarget): Answer {
  return {
    status: 403,
    message: "This sandbox can't be resumed with the credentials provided. Check your access token and try again.",
    sandboxId: target.id,
  }
}

/** A private port was asked for without the traffic token, or with a wrong one. */
export function trafficTokenRefused(target: SandboxTarget, reason: 'missing' | 'invalid'): Answer {
  const detail =
    reason === 'missing'
      ? `Token header '${TRAFFIC_TOKEN_HEADER}' is missing`
      : `Provided token in header '${TRAFFIC_TOKEN_HEADER}' is invalid`
  return {
    status: 403,
    message: `Sandbox is secured with traffic access token. ${detail}`,
    sandboxId: target.id,
  }
}
