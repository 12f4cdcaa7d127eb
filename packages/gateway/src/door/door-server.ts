import { createServer as createHttpServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { badRequest, type Answer } from '../answer/answer.ts'
import { sendRawAnswer } from '../answer/send-answer.ts'
import type { Traffic } from '../traffic.ts'

/** Most bytes of headers a client may send. */
const MAX_HEADER_BYTES = 64 * 1024
/** Time, in ms, that an idle connection of a client is kept (wire.md §2.4: 620 s). */
const IDLE_LIMIT_MS = 620_000
/** Idle time, in ms, after which TCP asks whether a client still exists. */
const PROBE_AFTER_MS = 60_000

/** Certificate and private key of the https door, PEM. */
export interface TlsMaterial {
  key: string
  cert: string
}

/** Settings of {@link doorServer}. */
export interface DoorOptions {
  /** Longest time, in ms, from a request's first byte, or a connection's begin, to the end of its headers; kept to a sixth of it. */
  headersLimitMs: number
  /** Makes it a server of the https door. */
  tls: TlsMaterial | undefined
}

/** A server for one address of a door; it is not listening yet. */
export function doorServer(traffic: Traffic, { headersLimitMs, tls }: DoorOptions): Server {
  const options: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: headersLimitMs,
    connectionsCheckingInterval: headersLimitMs / 6,
    // A body may take as long as it takes: uploads and client streams have no limit of their own.
    requestTimeout: 0,
    keepAliveTimeout: IDLE_LIMIT_MS,
    keepAlive: true,
    keepAliveInitialDelay: PROBE_AFTER_MS,
    shouldUpgradeCallback: (request) => traffic.shouldUpgrade(request),
  }
  // HTTP/1.1 only: a client that would speak HTTP/2 settles for it by ALPN.
  const server =
    tls === undefined
      ? createHttpServer(options)
      : createHttpsServer({ ...options, ...tls, ALPNProtocols: ['http/1.1'] })
  // Size is bounded above; a bound on the number would drop headers silently.
  server.maxHeadersCount = 0
  server.on('request', (request, response) => traffic.onRequest(request, response, false))
  server.on('checkContinue', (request, response) => traffic.onRequest(request, response, true))
  server.on('upgrade', (request, socket, head) => traffic.onUpgrade(request, socket, head))
  server.on('connect', (_request, socket) => sendRawAnswer(socket, badRequest('Method CONNECT is not served here')))
  server.on('clientError', answerUnparsed)
  return server
}

/** Answers what could not be read as a request. An answer that is already under way is cut: a second one inside it would be taken for its body. */
function answerUnparsed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable || hasBegunAnswer(socket)) socket.destroy()
  else sendRawAnswer(socket, unparsedAnswer(error.code))
}

function unparsedAnswer(code: string | undefined): Answer {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, message: `The request's headers are larger than ${MAX_HEADER_BYTES} bytes` }
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
