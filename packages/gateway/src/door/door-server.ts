import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer, Server as SecureServer } from 'node:https'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import type { Logger } from '@drowse/common'
import { badRequest, headersTooLarge, tooManyOpen, type Answer } from '../answer/answer.ts'
import { sendRawAnswer } from '../answer/send-answer.ts'
import type { Traffic } from '../traffic.ts'
import { IDLE_LIMIT_MS, MAX_HEADER_BYTES, PROBE_AFTER_MS } from './bounds.ts'
import type { ConnectionGate } from './connection-gate.ts'
import { Http2Door } from './http2/http2-door.ts'

/** Certificate and private key of the https door, PEM. */
export interface TlsMaterial {
  key: string
  cert: string
}

/** Settings of {@link doorServer}. */
export interface DoorOptions {
  /** Longest time, in ms, from a request's first byte, or a connection's begin, to the end of its headers; kept to a sixth of it. */
  headersLimitMs: number
  /** Time, in ms, that an idle connection is kept. Default 620,000. */
  idleLimitMs?: number | undefined
  /** Makes it a server of the https door. */
  tls: TlsMaterial | undefined
  /** Bounds what is open at all servers together. */
  gate: ConnectionGate
  logger: Logger
}

/** A server for one address of a door. */
export interface DoorServer {
  /** Not listening yet. */
  server: Server
  /** Connections of HTTP/2, and those of TLS that are being refused. */
  readonly special: number
  /** Serves another certificate from the next connection on; does nothing without TLS. Throws when it is not valid. */
  replaceCertificate(tls: TlsMaterial): void
  /** Stops listening and resolves when every connection is closed. Clients are told to send no more where their protocol can say so. */
  close(): Promise<void>
  /** Closes connections that have no request; to be called while it closes, as requests end. */
  closeIdle(): void
  /** Cuts every connection that has requests. */
  cut(): void
}

/** A server for one address of a door; it is not listening yet. */
export function doorServer(traffic: Traffic, options: DoorOptions): DoorServer {
  const { headersLimitMs, idleLimitMs = IDLE_LIMIT_MS, tls, gate, logger } = options
  const settings: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersLimitMs,
    connectionsCheckingInterval: headersLimitMs / 6,
    // A body may take as long as it takes: uploads and client streams have no limit of their own.
    requestTimeout: 0,
    keepAliveTimeout: idleLimitMs,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    shouldUpgradeCallback: (request) => traffic.shouldUpgrade(request),
  }
  const server =
    tls === undefined
      ? createHttpServer(settings)
      : createHttpsServer({ ...settings, ...tls, ALPNProtocols: ['h2', 'http/1.1'], handshakeTimeout: headersLimitMs })
  // Size is bounded above; a bound on the number would drop headers silently.
  server.maxHeadersCount = 0
  server.on('request', (request, response) => traffic.onRequest(request, response, false))
  server.on('checkContinue', (request, response) => traffic.onRequest(request, response, true))
  server.on('upgrade', (request, socket, head) => traffic.onUpgrade(request, socket, head))
  server.on('connect', (_request, socket) => sendRawAnswer(socket, badRequest('Method CONNECT is not served here')))
  // Nobody can read an answer before the handshake is over.
  server.prependListener('tlsClientError', (_error: Error, socket: Duplex) => void socket.destroy())
  server.on('clientError', answerUnparsed)
  const http2 = new Http2Door(traffic, { gate, headersLimitMs, idleLimitMs, logger })
  /** Connections of TLS that are refused, by their ends. */
  const refused = new Set<string>()
  intercept(server, 'connection', (socket, goOn) => {
    const entry = gate.enter(socket)
    if (entry === 'in') return goOn()
    if (entry === 'drop') return void socket.destroy()
    if (tls === undefined) return sendRawAnswer(socket, tooManyOpen(gate.limit))
    // A client of TLS understands nothing before the handshake is over.
    const ends = endsOf(socket)
    refused.add(ends)
    socket.setTimeout(REFUSAL_LIMIT_MS, () => socket.destroy())
    socket.once('close', () => refused.delete(ends))
    goOn()
  })
  intercept(server, 'secureConnection', (socket, goOn) => {
    const isRefused = refused.has(endsOf(socket))
    if (socket instanceof TLSSocket && socket.alpnProtocol === 'h2') return http2.serve(socket, isRefused)
    if (isRefused) return sendRawAnswer(socket, tooManyOpen(gate.limit))
    goOn()
  })
  return {
    server,
    get special() {
      return http2.size + refused.size
    },
    replaceCertificate(changed) {
      if (server instanceof SecureServer) server.setSecureContext(changed)
    },
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      http2.goAway()
      await closed
    },
    closeIdle: () => server.closeIdleConnections(),
    cut() {
      server.closeAllConnections()
      http2.cut()
    },
  }
}
/** Time, in ms, that a refused client has to shake hands and read why. */
const REFUSAL_LIMIT_MS = 5_000

/** Puts `take` before what Node's server does with each new connection; `goOn` is that. */
function intercept(
  server: Server,
  event: 'connection' | 'secureConnection',
  take: (socket: Socket, goOn: () => void) => void,
): void {
  const listeners = server.listeners(event)
  server.removeAllListeners(event)
  server.on(event, (socket: Socket) =>
    take(socket, () => {
      for (const listener of listeners) Reflect.apply(listener, server, [socket])
    }),
  )
}

/** Tells connections of one server apart; TLS over a connection has the same ends. */
function endsOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`
}

/** Answers what could not be read as a request. An answer that is already under way is cut: a second one inside it would be taken for its body. */
function answerUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable || hasBegunAnswer(socket)) socket.destroy()
  else sendRawAnswer(socket, unparsedAnswer(error.code))
}

function unparsedAnswer(code: string | undefined): Answer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return headersTooLarge(MAX_HEADER_BYTES)
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, message: 'The request did not arrive in time' }
    default:
      return badRequest('The request is not valid HTTP')
  }
}

/** Node's own fallback for broken requests reads the same two fields; it offers no public ones. */
function hasBegunAnswer(socket: Duplex): boolean {
  const { _httpMessage: response } = socket as Duplex & { _httpMessage?: { headersSent: boolean } | null }
  return response?.headersSent === true
}
