import type { FileOperation, SandboxId } from '@drowse/protocol'

/** Credentials that a request to a sandbox carries. */
export interface TrafficCredentials {
  /** `X-Access-Token`, the daemon's own token. */
  accessToken?: string
  /** `E2B-Traffic-Access-Token`, the token of a sandbox with private ports. */
  trafficAccessToken?: string
  /** What a request to read or write a file says of itself; its query may hold a signature (wire.md §2.6). */
  file?: SignedFile
}

/** A file's URL, which may hold a signature. */
export interface SignedFile {
  query: URLSearchParams
  operation: FileOperation
}

/** What the gateway knows of a sandbox before it forwards a request. */
export type Route =
  /** Unknown, killed, or not to be woken by traffic: `isPaused` tells the last from the others. */
  | { kind: 'not-found'; isPaused?: boolean }
  /** In transition to running or wakeable: call {@link RouteSource.wake}. */
  | { kind: 'asleep'; access: RouteAccess }
  | {
      kind: 'running'
      access: RouteAccess
      /**
       * Differs from an earlier value whenever the sandbox may have lost its open connections since: after a pause, a resume, a restart.
       * Connections that the gateway keeps for reuse serve one generation only. Without it, requests that must not be sent twice get a new connection.
       */
      generation?: number
    }

/** Why a sandbox stopped running. */
export type StopCause = 'paused' | 'killed'

/** What a request must carry to reach, or to wake, a sandbox. */
export interface RouteAccess {
  /** The daemon's token; absent when the sandbox is not secured. Needed on the daemon's port to wake it; the daemon checks it itself. */
  accessToken?: string
  /** Token needed on every port but the daemon's; absent when ports are public. */
  trafficAccessToken?: string
  /** Replaces the Host header on every port but the daemon's; `${PORT}` stands for the port. */
  maskRequestHost?: string
  /** Ports whose servers speak TLS themselves. */
  httpsPorts?: readonly number[]
}

/** The gateway's only view of the control plane. */
export interface RouteSource {
  /** Looks a sandbox up; never wakes it. */
  resolve(id: SandboxId): Promise<Route>
  /** The sandbox whose token has signed a file's URL, also when that has ended; never wakes it. Throws "rate_limited" when too many ask. */
  findSigner(file: SignedFile): Promise<SandboxId | undefined>
  /**
   * Makes a wakeable sandbox run, once for any number of callers, and resolves when its daemon answers.
   * Rejects with a `DrowseError`: "not_found" (gone, or not wakeable), "rate_limited"/"unavailable" (no room; retryable),
   * "deadline_exceeded" (`signal` or 60 s). A caller that gives up does not end the wake of the others.
   */
  wake(id: SandboxId, signal: AbortSignal): Promise<void>
  /** Address of a running sandbox's port on this host. Rejects with "not_found". */
  endpoint(id: SandboxId, port: number): Promise<{ host: string; port: number }>
  /** The number of requests, streams and upgraded sockets in flight for a sandbox changed by `delta` (1 or -1). */
  connectionChanged(id: SandboxId, delta: 1 | -1): void
}
