import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { Writable } from 'node:stream'
import { HOP_BY_HOP } from '../../forward/header-rules.ts'

/** Statuses whose answers have no body. */
const BODYLESS = new Set([204, 205, 304])

/**
 * The answer to a request of HTTP/2, with the parts of a `ServerResponse` that the gateway and the API use. Headers that speak of a connection are left out.
 * Destroyed before its end, it resets the stream with an error, so that no client takes the part for the whole.
 */
export class StreamResponse extends Writable {
  statusCode = 200
  statusMessage = ''
  readonly socket = null
  readonly req: IncomingMessage
  readonly #stream: ServerHttp2Stream
  readonly #isHead: boolean
  /** By name in lower case. */
  readonly #headers = new Map<string, OutgoingHttpHeader>()
  #head: string[] | undefined
  #isHeadSent = false
  #hasBody = true
  #hasLength = false
  #trailers: Record<string, string[]> = {}

  /** `req` is what it answers; `isHead` when that wants no body, which is told of a request that could not be read too. */
  constructor(stream: ServerHttp2Stream, req: IncomingMessage, { isHead }: { isHead: boolean }) {
    super()
    this.#stream = stream
    this.req = req
    this.#isHead = isHead
    stream.once('wantTrailers', () => stream.sendTrailers(this.#trailers))
    stream.once('close', () => this.destroy())
  }

  /** Whether the head is settled; it goes out with the first of the body at the latest. */
  get headersSent(): boolean {
    return this.#head !== undefined
  }

  setHeader(name: string, value: OutgoingHttpHeader | readonly string[]): this {
    this.#refuseLate()
    this.#headers.set(name.toLowerCase(), typeof value === 'object' ? [...value] : value)
    return this
  }

  appendHeader(name: string, value: string | readonly string[]): this {
    const before = this.getHeader(name)
    return this.setHeader(name, [...(before === undefined ? [] : [before].flat().map(String)), ...[value].flat()])
  }

  getHeader(name: string): OutgoingHttpHeader | undefined {
    return this.#headers.get(name.toLowerCase())
  }

  getHeaders(): OutgoingHttpHeaders {
    return Object.fromEntries(this.#headers)
  }

  getHeaderNames(): string[] {
    return [...this.#headers.keys()]
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase())
  }

  removeHeader(name: string): void {
    this.#refuseLate()
    this.#headers.delete(name.toLowerCase())
  }

  /** Settles the head. `headers` is an object, or Node's raw form, in which a name may come more than once. Throws, with nothing settled, when the status is none of an answer. */
  writeHead(
    status: number,
    reason?: string | OutgoingHttpHeaders | readonly string[],
    headers?: OutgoingHttpHeaders | readonly string[],
  ): this {
    this.#refuseLate()
    if (status < 200 || status > 599) throw new RangeError(`Cannot answer with status ${status}`)
    const given = typeof reason === 'string' ? headers : (headers ?? reason)
    const own: string[] = []
    if (isRaw(given)) for (let i = 0; i + 1 < given.length; i += 2) pushHeader(own, given[i] ?? '', given[i + 1])
    else for (const [name, value] of Object.entries(given ?? {})) this.#headers.set(name.toLowerCase(), value ?? '')
    const head: string[] = []
    for (const [name, value] of this.#headers) pushHeader(head, name, value)
    this.statusCode = status
    this.#hasBody = !BODYLESS.has(status) && !this.#isHead
    const fields = [...head, ...own]
    this.#hasLength = fields.some((name, i) => i % 2 === 0 && name === 'content-length')
    this.#head = [':status', String(status), ...fields]
    return this
  }

  flushHeaders(): void {
    this.#sendHead(false)
  }

  /** Tells the client to send the body that it asks about. */
  writeContinue(): void {
    if (this.#isHeadSent || this.#stream.closed || this.#stream.destroyed) return
    this.#stream.additionalHeaders({ ':status': 100 })
  }

  /** Has no effect on an answer with a Content-Length, as in HTTP/1.1. */
  addTrailers(trailers: OutgoingHttpHeaders | readonly (readonly [string, string])[]): void {
    const pairs = Array.isArray(trailers) ? trailers : Object.entries(trailers)
    for (const [name, value] of pairs) {
      const key = String(name).toLowerCase()
      this.#trailers[key] = [...(this.#trailers[key] ?? []), ...[value].flat().map(String)]
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#sendHead(false)
    // Not done before it is out: whoever wrote it may use its memory again then.
    if (!this.#hasBody || this.#stream.writableEnded) done()
    else this.#stream.write(chunk, done)
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#sendHead(Object.keys(this.#trailers).length === 0)
    this.#stream.end()
    if (this.#stream.writableFinished || this.#stream.destroyed) done()
    else this.#stream.once('finish', done)
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // What was ended and is out needs no reset; the request's body may still be on its way.
    if (!this.writableFinished) this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    done(error)
  }

  #sendHead(isWhole: boolean): void {
    if (this.#isHeadSent || this.#stream.destroyed || this.#stream.closed) return
    if (this.#head === undefined) this.writeHead(this.statusCode)
    const head = this.#head ?? []
    const endStream = isWhole || !this.#hasBody
    this.#isHeadSent = true
    try {
      this.#stream.respond(head, { endStream, waitForTrailers: !endStream && !this.#hasLength })
    } catch {
      // What cannot be sent is not an answer. Names and values were checked by the parser of the server's answer, so this is rare.
      this.destroy()
    }
  }

  #refuseLate(): void {
    if (this.#head !== undefined) throw new Error('Cannot set headers after they are sent')
  }
}

function isRaw(headers: unknown): headers is readonly string[] {
  return Array.isArray(headers)
}

function pushHeader(head: string[], name: string, value: OutgoingHttpHeader | undefined): void {
  const key = name.toLowerCase()
  if (value === undefined || HOP_BY_HOP.has(key) || key === 'http2-settings') return
  for (const one of [value].flat()) head.push(key, String(one))
}
