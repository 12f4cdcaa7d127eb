import {
  request as httpRequest,
  type Agent,
  type ClientRequest,
  type ClientRequestArgs,
  type IncomingMessage,
} from 'node:http'
import { request as secureRequest, type RequestOptions as SecureRequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as secureConnect } from 'node:tls'
import { systemClock } from '@drowse/common'
import { UpstreamSocket } from './upstream-socket.ts'

/** Longest time, in ms, to open a connection to a sandbox on this host. */
const CONNECT_LIMIT_MS = 5_000
/** Silence, in ms, after which TCP asks whether the other end of a connection still exists. */
export const PROBE_AFTER_MS = 15_000
/** Most bytes of headers that a server in a sandbox may answer with. */
const MAX_HEADER_BYTES = 128 * 1024

/** A request to a sandbox's server. */
export interface UpstreamRequest {
  address: { host: string; port: number }
  method: string
  path: string
  /** Node's raw form: name, value, name, value. */
  headers: string[]
  /** `false` opens a connection for this request alone. */
  agent: Agent | false
  /** The server speaks TLS. Its certificate is not checked: no one else is at that address. */
  isTls: boolean
  /** An open connection to use in place of a new one to `address`. */
  connection?: Socket
}

/** The first thing that comes of a request to a sandbox's server. */
export type UpstreamResult =
  | { kind: 'response'; incoming: IncomingMessage }
  | { kind: 'upgrade'; incoming: IncomingMessage; socket: Duplex; head: Buffer }
  /** No connection could be made; nothing was sent. */
  | { kind: 'unreachable'; error: Error; isRefused: boolean }
  /** The connection was lost before any answer. `wasReused` when it had served another request before. */
  | { kind: 'lost'; error: Error; wasReused: boolean }

/** A request on its way. */
export interface UpstreamCall {
  outgoing: ClientRequest
  /** Never rejects. */
  result: Promise<UpstreamResult>
}

/** Sends a request's head. `onConnected` runs once a connection is there: only then may the body be read, so that a failed connection can be tried again. */
export function callUpstream(request: UpstreamRequest, onConnected: (outgoing: ClientRequest) => void): UpstreamCall {
  const options: SecureRequestOptions = {
    host: request.address.host,
    port: request.address.port,
    method: request.method,
    path: request.path,
    headers: request.headers,
    ...way(request),
    maxHeaderSize: MAX_HEADER_BYTES,
  }
  const outgoing = request.isTls ? secureRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options)
  // Size is bounded above; a bound on the number would drop headers silently.
  outgoing.maxHeadersCount = 0
  return { outgoing, result: settle(outgoing, onConnected) }
}

function way({ connection, isTls, agent }: UpstreamRequest): SecureRequestOptions {
  if (connection !== undefined) return { createConnection: connectionOver(connection, isTls) }
  return agent === false && !isTls ? { createConnection: connectAlone } : { agent }
}

function connectAlone({ host, port }: ClientRequestArgs): Socket {
  return new UpstreamSocket({ host: host ?? '', port: Number(port), noDelay: true })
}

/** A way to make the connection that is open already; one for TLS has that begun over it. */
function connectionOver(socket: Socket, isTls: boolean): () => Socket {
  return () => (isTls ? secureConnect({ socket, rejectUnauthorized: false }) : socket)
}

async function settle(
  outgoing: ClientRequest,
  onConnected: (outgoing: ClientRequest) => void,
): Promise<UpstreamResult> {
  return new Promise((resolve) => {
    let isConnected = false
    const connected = (): void => {
      isConnected = true
      onConnected(outgoing)
    }
    const fail = (error: Error): void =>
      resolve(
        isConnected
          ? { kind: 'lost', error, wasReused: outgoing.reusedSocket }
          : { kind: 'unreachable', error, isRefused: 'code' in error && error.code === 'ECONNREFUSED' },
      )
    const onClose = (): void => fail(new Error('The connection closed without an answer'))
    outgoing.once('socket', (socket) => (socket.connecting ? awaitConnect(outgoing, socket, connected) : connected()))
    outgoing.once('response', (incoming) => {
      outgoing.off('close', onClose)
      resolve({ kind: 'response', incoming })
    })
    outgoing.once('upgrade', (incoming, socket, head) => resolve({ kind: 'upgrade', incoming, socket, head }))
    // Errors after the response began show on the response itself.
    outgoing.on('error', fail)
    outgoing.once('close', onClose)
  })
}

function awaitConnect(outgoing: ClientRequest, socket: Socket, connected: () => void): void {
  const timer = systemClock.setTimer(CONNECT_LIMIT_MS, () => outgoing.destroy(new Error('No connection in time')))
  socket.once('close', () => timer.cancel())
  socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => {
    timer.cancel()
    socket.setKeepAlive(true, PROBE_AFTER_MS)
    connected()
  })
}
