import { Agent, createServer, request as httpRequest, STATUS_CODES } from 'node:http'
import type { ClientRequest, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '@drowse/common'
import { withHeaders, withoutHeaders } from '../../header-rules.ts'

/** Time, in ms, that a connection may be without a request. */
const IDLE_MS = 120_000
/** Most bytes of a request's headers. */
const HEAD_BYTES = 64 * 1024
/** What speaks of one connection, and what the rewriter answers itself. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'expect',
  'te',
])
/** Beside those: what would lead the guest around the rewriter, over QUIC. */
const ANSWER_HEADERS = new Set(['connection', 'keep-alive', 'proxy-connection', 'alt-svc'])
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])

/** A connection whose requests get headers. */
export interface Rewriting {
  /** The name that its requests have to be for. */
  name: string
  headers: Readonly<Record<string, string>>
  /** Opens a connection to the name's server, ready for HTTP/1.1. Rejects when there is none. */
  connect(): Promise<Duplex>
}

/**
 * Reads HTTP/1.1 requests of guests and passes them on with headers set. The values of these headers go to the name's own server only, and what
 * it answers goes back as it is; TRACE, which would send them back, is refused.
 */
export class RequestRewriter implements Disposable {
  readonly #server: Server
  readonly #connections = new WeakMap<Duplex, { rewriting: Rewriting; agent: Agent }>()
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
    this.#server = createServer({
      maxHeaderSize: HEAD_BYTES,
      keepAliveTimeout: IDLE_MS,
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    })
    this.#server.on('request', (request, response) => this.#forward(request, response))
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head))
    this.#server.on('clientError', (_, socket) => socket.destroy())
  }

  /** Serves a guest's connection until it closes. */
  accept(socket: Duplex, rewriting: Rewriting): void {
    const agent = new OneServerAgent(rewriting)
    this.#connections.set(socket, { rewriting, agent })
    socket.on('error', () => {}) // its end is what counts
    socket.once('close', () => agent.destroy())
    this.#server.emit('connection', socket)
  }

  [Symbol.dispose](): void {
    this.#server.removeAllListeners()
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const found = this.#connections.get(request.socket)
    const refusal = found === undefined ? 400 : refusalOf(request, found.rewriting)
    if (found === undefined || refusal !== undefined) {
      answer(response, refusal ?? 400)
      return
    }
    const upstream = this.#ask(request, found)
    let hasAnswer = false
    upstream.on('response', (theirs) => {
      hasAnswer = true
      const headers = withoutHeaders(theirs.rawHeaders, (name) => ANSWER_HEADERS.has(name))
      response.writeHead(theirs.statusCode ?? 502, theirs.statusMessage ?? '', headers)
      pipeline(theirs, response).catch(() => request.socket.destroy())
    })
    upstream.on('error', (error) => {
      this.#logger.debug({ err: error.message, name: found.rewriting.name }, 'a request with headers had no answer')
      // A server that closes a kept connection is not down: the guest sees its own close, and asks again.
      if (hasAnswer || upstream.reusedSocket) request.socket.destroy()
      else answer(response, 502)
    })
    response.once('close', () => upstream.destroy())
    pipeline(request, upstream).catch(() => undefined) // told by "error" and "close"
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const found = this.#connections.get(request.socket)
    if (found === undefined || refusalOf(request, found.rewriting) !== undefined) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      return
    }
    const upgrade = ['Connection', 'Upgrade', 'Upgrade', request.headers.upgrade ?? '']
    const upstream = this.#ask(request, found, upgrade)
    const pass = (theirs: IncomingMessage, more: readonly string[]): void => {
      const kept = withoutHeaders(theirs.rawHeaders, (name) => ANSWER_HEADERS.has(name) || name === 'upgrade')
      socket.write(head1(theirs.statusCode ?? 502, theirs.statusMessage, [...kept, ...more]))
    }
    upstream.on('upgrade', (theirs, server, first) => {
      pass(theirs, ['Connection', 'Upgrade', 'Upgrade', theirs.headers.upgrade ?? ''])
      server.unshift(first)
      socket.unshift(head)
      server.on('error', () => {}) // ends both, as the pipelines see
      void Promise.allSettled([pipeline(socket, server), pipeline(server, socket)])
    })
    upstream.on('response', (theirs) => {
      const raw = withoutHeaders(theirs.rawHeaders, (name) => name === 'transfer-encoding')
      pass(Object.assign(theirs, { rawHeaders: raw }), ['Connection', 'close'])
      pipeline(theirs, socket).catch(() => socket.destroy())
    })
    upstream.on('error', () => socket.destroy())
    socket.once('close', () => upstream.destroy())
    upstream.end()
  }

  #ask(
    { method = 'GET', url = '/', rawHeaders, headers: given }: IncomingMessage,
    { rewriting, agent }: { rewriting: Rewriting; agent: Agent },
    more: readonly string[] = [],
  ): ClientRequest {
    const named = new Set((given.connection ?? '').split(',').map((name) => name.trim().toLowerCase()))
    const own = withoutHeaders(
      rawHeaders,
      (name) => CONNECTION_HEADERS.has(name) || name === 'upgrade' || (named.has(name) && name !== 'host'),
    )
    const hasLength = given['content-length'] !== undefined || given['transfer-encoding'] !== undefined
    const length = METHODS_WITH_BODY.has(method) && !hasLength ? ['Content-Length', '0'] : []
    const headers = [...withHeaders(own, rewriting.headers), ...length, ...more]
    return httpRequest({ agent, method, path: url, headers })
  }
}

/** One kept connection to the server of a guest's connection: what the guest asks in turn is answered in turn. */
class OneServerAgent extends Agent {
  readonly #rewriting: Rewriting

  constructor(rewriting: Rewriting) {
    super({ keepAlive: true, maxSockets: 1 })
    this.#rewriting = rewriting
  }

  override createConnection(
    _options: object,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    this.#rewriting.connect().then(
      (socket) => callback?.(null, socket),
      // Node's own types want a stream beside the error.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    )
    return undefined
  }
}

/** Why a request is not passed on, as a status; undefined for one that is. */
function refusalOf(request: IncomingMessage, { name }: Rewriting): number | undefined {
  const hosts = request.rawHeaders.filter((_, at) => at % 2 === 0 && request.rawHeaders[at]?.toLowerCase() === 'host')
  const host = request.headers.host?.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase()
  if (hosts.length !== 1) return 400
  if (host !== name.replace(/\.$/, '').toLowerCase()) return 421
  if (request.url?.startsWith('/') !== true && request.url !== '*') return 400
  return request.method === 'TRACE' || request.method === 'CONNECT' ? 405 : undefined
}

function answer(response: ServerResponse, status: number): void {
  if (response.headersSent) return
  response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' })
  response.end(`${STATUS_CODES[status] ?? ''}\n`)
}

function head1(status: number, message: string | undefined, headers: readonly string[]): string {
  const lines = headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1] ?? ''}`] : []))
  return [`HTTP/1.1 ${status} ${message ?? ''}`, ...lines, '', ''].join('\r\n')
}
