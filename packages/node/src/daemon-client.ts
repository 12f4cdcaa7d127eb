import { request as httpRequest } from 'node:http'
import { deadline, pollUntil } from '@drowse/common'
import { DrowseError, type EnvdInit, type EnvdStart } from '@drowse/protocol'
import { z } from 'zod'

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
/** The daemon's answer when what a template starts with fails at once, however often. */
const HTTP_HOPELESS = 424
/** How much of an answer's body is kept, in bytes. */
const BODY_BYTES = 16 * 1024

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
 * needs it again. Throws "deadline_exceeded" after 55 s and "engine_failed" when the daemon refuses, with `isStartHopeless` among the details
 * when the command fails at once however often it is tried.
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
  const probe = async (): Promise<DaemonAnswer | undefined> => {
    const answer = await callDaemon(endpoint, request, limit).catch(() => undefined)
    return answer?.status === HTTP_UNAVAILABLE ? undefined : answer
  }
  const { status, body } = await pollUntil(probe, { intervalMs: 10, maxIntervalMs: 100, signal: limit })
  if (status === 204) return
  const isHopeless = status === HTTP_HOPELESS
  const said = isHopeless ? messageOf(body) : `the daemon answered ${status}`
  throw new DrowseError('engine_failed', `Cannot ${what}: ${said}`, { details: { isStartHopeless: isHopeless } })
}

/** What a daemon answered. */
export interface DaemonAnswer {
  status: number
  /** The first 16 KiB of it. */
  body: Buffer
}

/** Makes one call on a connection of its own. */
export async function callDaemon(
  endpoint: DaemonEndpoint,
  request: DaemonRequest,
  signal?: AbortSignal,
): Promise<DaemonAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<DaemonAnswer>()
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
    let body = Buffer.alloc(0)
    response.on('data', (data: Buffer) => {
      if (body.length < BODY_BYTES) body = Buffer.concat([body, data])
    })
    response.once('end', () => resolve({ status: response.statusCode ?? 0, body }))
  })
  outgoing.end(request.body)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

/** The message of the daemon's error body. */
function messageOf(body: Buffer): string {
  try {
    return z.object({ message: z.string() }).parse(JSON.parse(body.toString())).message
  } catch {
    return 'the daemon says so'
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
      return (await callDaemon(endpoint, request, limit)).status
    } catch {
      // Refused, reset or silent: not up yet. The limit ends the wait with its own error.
      return undefined
    }
  }
  return pollUntil(probe, { intervalMs: 2, maxIntervalMs: 40, signal: limit })
}
