import type { IncomingMessage } from 'node:http'
import { DrowseError } from '@drowse/protocol'

/** Largest JSON body, in bytes. */
const MAX_BYTES = 4 * 1024 * 1024

/** Reads a JSON body. Throws "payload_too_large" or "invalid_argument". */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  // The stream of a request without an encoding set gives buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BYTES)
      throw new DrowseError('payload_too_large', `Cannot read body: it has more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new DrowseError('invalid_argument', 'Cannot read body: it is not JSON', { cause: error })
  }
}
