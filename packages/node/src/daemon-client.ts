import { request as httpRequest } from 'node:http'
import { deadline, pollUntil } from '@drowse/common'
import { DrowseError, type EnvdInit, type EnvdStart } from '@drowse/protocol'

/** Address of a sandbox's daemon from this host. */
export interface DaemonEndpoint {
  host: string
  port: number
}

/** Longest wait, in ms, for a daemon to answer: a cold boot takes 0.3 s on a quiet machine (engine.md). */
const ANSWER_TIMEOUT_MS = 30_000
/** Longest wait for a connection, in ms: packets to a network that is not up yet are lost, and TCP itself tries again after 1 s only. */
const CONNECT_TIMEOUT_MS = 250
/** Longest wait for the answer on a connection, in ms; a restored guest may first have to load its pages. */
const RESPONSE_TIMEOUT_MS = 5_000

/** Longest wait, in ms, for what a template starts with to be ready; clients wait 60 s for a create. */
const READY_TIMEOUT_MS = 55_000
const HTTP_UNAVAILABLE = 503

/** One call of a daemon. */
export interface DaemonRequest {
  method: 'GET' | 'POST'
  path: string
  headers?: Record<string, string>
  body?: string | Buffer
  responseTimeoutMs?: number
}

/** Waits until the daemon answers `GET /health`. Throws "deadline_exceeded" after 30 s. */
export async function waitForDaemon(endpoint: DaemonEndpoint, id: string, signal?: AbortSignal): Promise<void> {
  await pollDaemon(endpoint, { method: 'GET', path: '/health' }, `reach the daemon of sandbox "${id}"`, signal)
}

/** Whether the daemon answers `GET /health` within `timeoutMs`. Resolves with false also when `signal` ends the wait. */
export async function isDaemonAnswering(
  endpoint: DaemonEndpoint,
  id: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<boolean> {
  return waitForDaemon(endpoint, id, deadline(timeoutMs, `reach the daemon of sandbox "${id}"`, signal)).then(
    () => true,
    () => false,
  )
}

/**
 * Waits until the daemon takes `POST /init`, which is its health check and its init in one round trip.
 * Throws "deadline_exceeded" after 30 s and "engine_failed" when the daemon refuses.
 */
export async function initDaemon(
  endpoint: DaemonEndpoint,
  id: string,
  init: EnvdInit,
  signal?: AbortSignal,
): Promise<void> {
  const what = `initialise the daemon of sandbox "${id}"`
  const status = await pollDaemon(endpoint, postRequest('/init', init, init.accessToken), what, signal)
  if (status !== 204) throw new DrowseError('engine_failed', `Cannot ${what}: it answered ${status}`)
}

/**
 * Has the daemon run what a template starts with, once a boot, and waits until that is ready. A daemon that has been told its access token
 * needs it again. Throws "deadline_exceeded" after 55 s and "engine_failed" when the daemon refuses.
 */
export async function startInDaemon(
  endpoint: DaemonEndpoint,
  id: string,
  start: EnvdStart,
  options: { accessToken?: string | undefined; signal?: AbortSignal } = {},
): Promise<void> {
  const { accessToken, signal } = options
  const what = `get ready what sandbox "${id}" starts with`
  const limit = deadline(READY_TIMEOUT_MS, what, signal)
  const request = postRequest('/start', start, accessToken)
  const probe = async (): Promise<number | undefined> => {
    const status = await callDaemon(endpoint, request, limit).catch(() => HTTP_UNAVAILABLE)
    return status === HTTP_UNAVAILABLE ? undefined : status
  }
  const status = await pollUntil(probe, { intervalMs: 10, maxIntervalMs: 100, signal: limit })
  if (status !== 204) throw new DrowseError('engine_failed', `Cannot ${what}: the daemon answered ${status}`)
}

/** Makes one call on a connection of its own and drops the answer's body. Resolves with the HTTP status. */
export async function callDaemon(
  endpoint: DaemonEndpoint,
  request: DaemonRequest,
  signal?: AbortSignal,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const outgoing = httpRequest({
    ...endpoint,
    method: request.method,
    path: request.path,
    headers: { ...request.headers, 'content-length': Buffer.byteLength(request.body ?? '') },
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  })
  const giveUp = (ms: number): NodeJS.Timeout =>
    setTimeout(() => outgoing.destroy(new Error(`no answer in ${ms} ms`)), ms)
  let timer = giveUp(CONNECT_TIMEOUT_MS)
  outgoing.once('socket', (socket) => {
    socket.once('connect', () => {
      clearTimeout(timer)
      timer = giveUp(request.responseTimeoutMs ?? RESPONSE_TIMEOUT_MS)
    })
  })
  outgoing.once('error', reject)
  outgoing.once('response', (response) => {
    response.once('error', reject)
    response.once('end', () => resolve(response.statusCode ?? 0))
    response.resume()
  })
  outgoing.end(request.body)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

function postRequest(path: string, body: object, accessToken: string | undefined): DaemonRequest {
  const token: Record<string, string> = accessToken === undefined ? {} : { 'x-access-token': accessToken }
  return { method: 'POST', path, headers: { 'content-type': 'application/json', ...token }, body: JSON.stringify(body) }
}

async function pollDaemon(
  endpoint: DaemonEndpoint,
  request: DaemonRequest,
  what: string,
  signal?: AbortSignal,
): Promise<number> {
  const limit = deadline(ANSWER_TIMEOUT_MS, what, signal)
  const probe = async (): Promise<number | undefined> => {
    try {
      return await callDaemon(endpoint, request, limit)
    } catch {
      // Refused, reset or silent: not up yet. The limit ends the wait with its own error.
      return undefined
    }
  }
  return pollUntil(probe, { intervalMs: 2, maxIntervalMs: 40, signal: limit })
}
