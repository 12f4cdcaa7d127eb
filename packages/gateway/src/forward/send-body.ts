import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '@drowse/common'
import { passBody } from './pass-body.ts'
import { hasBody } from './request-headers.ts'
import { trailerPairs } from './response-headers.ts'

/** Time, in ms, in which a client may go on sending a body that nobody reads, so that it sees the answer before the connection closes. */
const LINGER_MS = 5_000

/** Streams a request's body to a sandbox's server as it comes, with its trailers. */
export function sendBody(request: IncomingMessage, response: ServerResponse, outgoing: ClientRequest): void {
  if (!hasBody(request)) {
    outgoing.end()
    return
  }
  // A 100 that the client did not ask for would confuse it.
  if (request.headers.expect !== undefined && request.httpVersion !== '1.0') {
    outgoing.once('continue', () => response.writeContinue())
  }
  passBody(request, outgoing)
  request.once('end', () => {
    const trailers = trailerPairs(request.rawTrailers)
    if (trailers.length > 0) outgoing.addTrailers(trailers)
    outgoing.end()
  })
  // The server must see the head of a body that is slow to come; one that is already here goes out with it.
  setImmediate(() => {
    if (!request.readableDidRead && !outgoing.destroyed) outgoing.flushHeaders()
  })
}

/** Reads on and drops what is left of a request's body after its answer, for a bounded time. */
export function discardBody(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return
  request.unpipe()
  request.resume()
  const timer = systemClock.setTimer(LINGER_MS, () => request.destroy())
  request.once('close', () => timer.cancel())
  request.once('end', () => timer.cancel())
}
