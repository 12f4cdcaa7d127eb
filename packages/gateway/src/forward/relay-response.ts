import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '@drowse/common'
import type { Answer } from '../answer/answer.ts'
import { endOfStream, isOpenConnectStream } from '../answer/connect-error.ts'
import { divertBody } from './divert-body.ts'
import { passBody } from './pass-body.ts'
import type { ReadMemory } from './read-memory.ts'
import { responseHeaders, trailerPairs } from './response-headers.ts'
import { WholeFrames } from './whole-frames.ts'

/** Longest time, in ms, that a client may take to read what came before the end of its stream. */
const LAST_READ_LIMIT_MS = 30_000

/** A response on its way to the client. */
export interface Relay {
  /**
   * Ends it after the server was lost. A Connect stream ends with what `answer` has for it, behind the last whole message; anything else by destroying the
   * client's connection, so that the client cannot take the part for the whole.
   */
  abandon(answer?: Answer): void
}

/**
 * Streams a server's response to the client as it comes, with its trailers. `onLost` is called once when the server goes away in the middle:
 * the response then waits for {@link Relay.abandon}. Throws, with nothing sent, when the head cannot be sent on.
 */
export function relayResponse(
  incoming: IncomingMessage,
  response: ServerResponse,
  reads: ReadMemory,
  onLost: () => void,
): Relay {
  const headers = responseHeaders(incoming.rawHeaders, incoming.headers.connection)
  response.writeHead(incoming.statusCode ?? 502, incoming.statusMessage ?? '', headers)
  const frames = isOpenConnectStream(incoming.headers) ? new WholeFrames() : undefined
  let lastWords: Buffer | undefined
  let isOver = false
  const end = (): void => {
    isOver = true
    response.end()
    incoming.destroy()
  }
  if (frames !== undefined) incoming.pipe(frames).pipe(response, { end: false })
  else if (!divertBody(incoming, response, end, reads)) passBody(incoming, response)
  const body = frames ?? incoming
  body.once('end', () => {
    const trailers = trailerPairs(incoming.rawTrailers)
    if (trailers.length > 0) response.addTrailers(trailers)
    response.end(lastWords)
  })
  // The close that follows tells what is lost.
  incoming.on('error', () => {})
  incoming.once('close', () => {
    if (!incoming.complete && !isOver && !response.destroyed) onLost()
  })
  // The head of a response whose body is slow to come must not wait for it; a body that is already here goes out with it.
  if (!incoming.complete) {
    setImmediate(() => {
      if (!incoming.readableDidRead && !response.destroyed) response.flushHeaders()
    })
  }
  return {
    abandon(answer) {
      const code = answer?.connectCode
      if (answer === undefined || code === undefined || frames?.mayAppend !== true) {
        response.destroy()
        return
      }
      const timer = systemClock.setTimer(LAST_READ_LIMIT_MS, () => response.destroy())
      response.once('close', () => timer.cancel())
      lastWords = endOfStream({ code, message: answer.message })
      frames.cut()
    },
  }
}
