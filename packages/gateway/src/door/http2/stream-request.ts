import { IncomingMessage } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { isTooLarge } from './header-size.ts'
import type { StreamHead } from './stream-head.ts'

/**
 * A request of HTTP/2 in the shape of one of HTTP/1.1, so that everything behind the door is one code. Its body streams with backpressure; it ends only when the client said
 * that it is whole, and is destroyed when the client took it back.
 */
export class StreamRequest extends IncomingMessage {
  readonly #stream: ServerHttp2Stream

  /** `socket` is the session's; nothing of it is read here. */
  constructor(stream: ServerHttp2Stream, socket: Socket, { method, url, headers, rawHeaders }: StreamHead) {
    super(socket)
    this.#stream = stream
    this.httpVersion = '2.0'
    this.httpVersionMajor = 2
    this.httpVersionMinor = 0
    this.method = method
    this.url = url
    this.rawHeaders = rawHeaders
    this.headers = headers
    if (stream.endAfterHeaders) {
      stream.resume()
      this.complete = true
      this.push(null)
      return
    }
    // Explicitly paused: Node would otherwise reset a stream whose body nobody has begun to read when its answer is out.
    stream.pause()
    stream.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stream.pause()
    })
    stream.on('trailers', (_trailers: unknown, _flags: number, rawTrailers: string[]) => {
      if (isTooLarge(rawTrailers)) this.#fail()
      else this.rawTrailers = rawTrailers
    })
    stream.once('aborted', () => this.#fail())
    stream.once('close', () => this.#fail())
    stream.once('end', () => {
      // A stream that its client closed without an error ends too. Behind the end of the answer the two look alike; nobody needs the body then.
      if (stream.aborted || (stream.closed && stream.writableEnded)) return this.#fail()
      this.complete = true
      this.push(null)
    })
  }

  override _read(): void {
    if (!this.complete) this.#stream.resume()
  }

  /** The body is not wanted any more: the client is told to send no more of it. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.complete) {
      this.aborted = true
      const code = this.#stream.writableFinished ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_INTERNAL_ERROR
      this.#stream.close(code)
      // What has come already must go, or the stream never ends.
      this.#stream.resume()
    }
    // As Node does: who does not listen is not bothered.
    done(this.listenerCount('error') > 0 ? error : null)
  }

  #fail(): void {
    if (this.complete || this.destroyed) return
    this.aborted = true
    this.destroy(Object.assign(new Error('The client went away'), { code: 'ECONNRESET' }))
  }
}
