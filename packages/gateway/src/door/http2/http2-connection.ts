import {
  constants,
  performServerHandshake,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import { systemClock, type Logger, type Timer } from '@drowse/common'
import { FrameRate } from './frame-rate.ts'
import { SESSION_OPTIONS } from './session-options.ts'

/** Time, in ms, that a client has to read what is left and to close its side. */
const LINGER_MS = 5_000

/** What {@link Http2Connection} works with. */
export interface ConnectionOptions {
  /** Longest time, in ms, from the connection's begin to its first request. */
  headersLimitMs: number
  /** Time, in ms, that it is kept without requests. */
  idleLimitMs: number
  logger: Logger
  onStream: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: string[]) => void
}

/**
 * One client's connection of HTTP/2: how long it may last, and what its control frames may cost. Node says nothing of a header block that does not end; such a connection has
 * no request, and ends like any that has none.
 */
export class Http2Connection {
  readonly #socket: TLSSocket
  readonly #session: ServerHttp2Session
  readonly #idleLimitMs: number
  #open = 0
  #timer: Timer | undefined

  constructor(socket: TLSSocket, { headersLimitMs, idleLimitMs, logger, onStream }: ConnectionOptions) {
    this.#socket = socket
    this.#idleLimitMs = idleLimitMs
    this.#session = performServerHandshake(socket, SESSION_OPTIONS)
    this.#endAfter(headersLimitMs)
    socket.once('close', () => this.#timer?.cancel())
    // Bad frames and lost connections are the client's matter; the session has ended by itself.
    this.#session.on('error', (error: Error) =>
      logger.debug({ err: error }, 'an HTTP/2 connection ended with an error'),
    )
    const control = new FrameRate(() => this.#flooded())
    this.#session.on('ping', () => control.count())
    this.#session.on('remoteSettings', () => control.count())
    this.#session.on('stream', (stream, headers, _flags, rawHeaders: string[]) => {
      this.#began(stream)
      onStream(stream, headers, rawHeaders)
    })
  }

  /** Tells the client to open no more requests; the connection ends when those that are open have ended. */
  goAway(): void {
    if (this.#open === 0) this.#end()
    else this.#session.close()
  }

  /** Ends it at once. */
  cut(): void {
    this.#session.destroy()
    this.#socket.destroy()
  }

  #began(stream: ServerHttp2Stream): void {
    this.#open++
    this.#timer?.cancel()
    stream.on('error', () => {}) // the close that follows tells all there is
    stream.once('close', () => {
      this.#open--
      if (this.#open > 0) return
      if (this.#session.closed || this.#session.destroyed) this.#end()
      else this.#endAfter(this.#idleLimitMs)
    })
  }

  #endAfter(delayMs: number): void {
    this.#timer?.cancel()
    this.#timer = systemClock.setTimer(delayMs, () => this.#end())
  }

  #flooded(): void {
    this.#session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM)
    this.#end()
  }

  /** Node waits for the client to read and to close its side, however long it takes; this does not. */
  #end(): void {
    this.#session.close()
    this.#timer?.cancel()
    this.#timer = systemClock.setTimer(LINGER_MS, () => this.#socket.destroy())
  }
}
