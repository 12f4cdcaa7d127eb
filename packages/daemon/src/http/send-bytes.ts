import type { FileHandle } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { giveBack } from './give-back.ts'

/** Bytes that are read at a time; each read is a trip to Node's thread pool and into the Sentry. */
const CHUNK_BYTES = 512 * 1024

/**
 * Sends `length` bytes of a file from `start` on, or all from where its last read ended, and returns how many there were. While one piece goes out the next
 * is read; two pieces of memory serve for all of them. Rejects when the client goes away.
 */
export async function sendBytes(
  file: FileHandle,
  response: ServerResponse,
  part?: { start: number; length: number },
): Promise<number> {
  const length = part?.length ?? Number.POSITIVE_INFINITY
  const size = Math.min(CHUNK_BYTES, length)
  const memory: [Buffer, Buffer] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)]
  let sending = Promise.resolve()
  let sent = 0
  try {
    while (sent < length) {
      const [piece, other] = memory
      const { bytesRead } = await file.read(
        piece,
        0,
        Math.min(size, length - sent),
        part === undefined ? null : part.start + sent,
      )
      await sending
      if (bytesRead === 0) break
      sent += bytesRead
      sending = send(response, piece.subarray(0, bytesRead))
      // Told by the wait for it.
      sending.catch(() => {})
      memory[0] = other
      memory[1] = piece
    }
    await sending
    return sent
  } finally {
    // What is still on its way out reads its memory.
    await sending.catch(() => {})
    for (const piece of memory) giveBack(piece)
  }
}

/** Resolves when the bytes are with the system and their memory is free. */
async function send(response: ServerResponse, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => reject(new Error('The client went away'))
    response.once('close', onClose)
    response.write(bytes, (error) => {
      response.off('close', onClose)
      if (error === undefined || error === null) resolve()
      else reject(error)
    })
  })
}
