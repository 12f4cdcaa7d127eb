import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Logger } from '@drowse/common'
import { tooManyOpen } from '../../answer/answer.ts'
import { sendAnswer } from '../../answer/send-answer.ts'
import { discardBody } from '../../forward/send-body.ts'
import type { Traffic } from '../../traffic.ts'
import type { ConnectionGate } from '../connection-gate.ts'
import { Http2Connection } from './http2-connection.ts'
import { readStreamHead, type StreamFields } from './stream-head.ts'
import { StreamRequest } from './stream-request.ts'
import { StreamResponse } from './stream-response.ts'

/** Settings of {@link Http2Door}. */
export interface Http2DoorOptions {
  gate: ConnectionGate
  /** Longest time, in ms, from a connection's begin to its first request. */
  headersLimitMs: number
  /** Time, in ms, that a connection without requests is kept. */
  idleLimitMs: number
  logger: Logger
}

/** The part of the https door that speaks HTTP/2: its sessions, and what they may cost. */
export class Http2Door {
  readonly #traffic: Traffic
  readonly #options: Http2DoorOptions
  readonly #connections = new Set<Http2Connection>()

  constructor(traffic: Traffic, options: Http2DoorOptions) {
    this.#traffic = traffic
    this.#options = options
  }

  /** Takes a connection whose client chose HTTP/2. One above the door's bound gets its first requests refused, and is closed. */
  serve(socket: TLSSocket, isRefused: boolean): void {
    const connection = new Http2Connection(socket, {
      ...this.#options,
      onStream: (stream, headers, rawHeaders) => {
        this.#onStream(stream, socket, { headers, rawHeaders, hasBody: !stream.endAfterHeaders }, isRefused)
        if (isRefused) connection.goAway()
      },
    })
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }

  /** How many connections there are. */
  get size(): number {
    return this.#connections.size
  }

  /** Tells every client to open no more requests here, and closes each connection when those that are open have ended. */
  goAway(): void {
    for (const connection of this.#connections) connection.goAway()
  }

  /** Ends every connection at once. */
  cut(): void {
    for (const connection of this.#connections) connection.cut()
  }

  #onStream(stream: ServerHttp2Stream, socket: TLSSocket, fields: StreamFields, isRefused: boolean): void {
    const head = readStreamHead(fields)
    const isInvalid = 'refusal' in head
    const request = new StreamRequest(stream, socket, isInvalid ? UNREADABLE : head)
    const own = new StreamResponse(stream, request, { isHead: fields.headers[':method'] === 'HEAD' })
    // The parts that are used of a response of HTTP/1.1 are all there.
    const response = own as unknown as ServerResponse
    own.on('error', () => {}) // its client went away, which its close tells
    own.once('finish', () => discardBody(request))
    if (isInvalid) return sendAnswer(request, response, head.refusal)
    if (isRefused || this.#options.gate.enter(own) !== 'in') {
      return sendAnswer(request, response, tooManyOpen(this.#options.gate.limit))
    }
    const { expect } = head.headers
    if (expect !== undefined && expect.trim().toLowerCase() !== '100-continue') {
      return sendAnswer(request, response, { status: 417, message: `Expectation "${expect}" is not known` })
    }
    this.#traffic.onRequest(request, response, expect !== undefined)
  }
}

/** Stands for a head that is refused. */
const UNREADABLE = { method: 'GET', url: '/', headers: {}, rawHeaders: [] }
