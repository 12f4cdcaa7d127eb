import type { IncomingMessage, ServerResponse } from 'node:http'
import { responseHeaders, trailerPairs } from './response-headers.ts'

/**
 * Streams a server's response to the client as it comes, with its trailers. When the server goes away in the middle, the client's
 * connection is destroyed, so that it cannot take the part for the whole. Throws, with nothing sent, when the head cannot be sent on.
 */
export function relayResponse(incoming: IncomingMessage, response: ServerResponse): void {
  const headers = responseHeaders(incoming.rawHeaders, incoming.headers.connection)
  response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage ?? '', headers)
  incoming.pipe(response, { end: false })
  incoming.once('end', () => {
    const trailers = trailerPairs(incoming.rawTrailers)
    if (trailers.length > 0) response.addTrailers(trailers)
    response.end()
  })
  incoming.once('error', () => response.destroy())
  incoming.once('close', () => {
    if (!incoming.complete) response.destroy()
  })
  // The head of a response whose body is slow to come must not wait for it; a body that is already here goes out with it.
  setImmediate(() => {
    if (!incoming.readableDidRead && !response.destroyed) response.flushHeaders()
  })
}
