import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ReadMemory } from './read-memory.ts'
import { UpstreamSocket } from './upstream-socket.ts'

/** Rest of a body, in bytes, from which this is worth a connection that is not used again: a new one takes as long as some 100 KB. */
const WORTHWHILE_BYTES = 1024 * 1024

/**
 * Passes the rest of a long body of known length to the client past Node's parser and streams, which copy each 64 KiB of it twice and
 * take new memory for either copy. Backpressure is that nothing is read until what was read is written.
 * `onEnd` is called when all of it was, and the connection to the server is to be closed; one that is lost before shows as ever.
 * Returns `false`, with nothing done, when the body is to pass as a stream.
 */
export function divertBody(
  incoming: IncomingMessage,
  response: ServerResponse,
  onEnd: () => void,
  reads: ReadMemory,
): boolean {
  const { socket, headers } = incoming
  const length = Number(headers['content-length'])
  let rest = length - incoming.readableLength
  const hasBody = response.req.method !== 'HEAD' && incoming.statusCode !== 204 && incoming.statusCode !== 304
  const isPlain = hasBody && headers['transfer-encoding'] === undefined && Number.isSafeInteger(length)
  if (!isPlain || incoming.complete || rest < WORTHWHILE_BYTES) return false
  // The parser's own bytes are all in the response already.
  if (!(socket instanceof UpstreamSocket) || socket.readableLength > 0) return false

  const parsed: Buffer | null = incoming.read()
  if (parsed !== null) response.write(parsed)
  const onWritten = (): void => {
    if (rest === 0) onEnd()
    else if (!response.destroyed) socket.resume()
  }
  const { memory, release } = reads.take()
  response.once('close', release)
  socket.divert(memory, (bytes) => {
    // More than was announced is not part of the answer.
    const part = bytes.subarray(0, rest)
    rest -= part.length
    response.write(part, onWritten)
  })
  socket.resume()
  return true
}
