import { readSync } from 'node:fs'
import { Socket } from 'node:net'

/** Linux's size of a pipe. */
const PIPE_BYTES = 64 * 1024

/** Reads one pipe of a kernel as it fills, and can be emptied at once where order matters. */
export class OutputPipe {
  readonly #descriptor: number
  readonly #socket: Socket
  readonly #onChunk: (chunk: Buffer) => void

  /** Takes over the descriptor, which must not block. */
  constructor(descriptor: number, onChunk: (chunk: Buffer) => void) {
    this.#descriptor = descriptor
    this.#onChunk = onChunk
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: false })
    this.#socket.on('data', onChunk)
    // A pipe without readers left is seen by the exit of its kernel.
    this.#socket.on('error', () => undefined)
  }

  /** Hands on all that is in the pipe at the time of the call. */
  drain(): void {
    if (this.#socket.destroyed) return
    // What the stream has read already comes first; in flowing mode read() hands it on as "data".
    while (this.#socket.read() !== null);
    // A pipe holds no more than this; what comes later is for the stream, however fast it comes.
    for (let left = PIPE_BYTES; left > 0;) {
      const buffer = Buffer.allocUnsafe(left)
      let length: number
      try {
        length = readSync(this.#descriptor, buffer)
      } catch {
        return // EAGAIN: empty.
      }
      if (length === 0) return
      left -= length
      this.#onChunk(buffer.subarray(0, length))
    }
  }

  /** Stops reading, so that whoever writes waits once the pipe is full. */
  pause(): void {
    this.#socket.pause()
  }

  /** Goes on reading. */
  resume(): void {
    this.#socket.resume()
  }

  /** Closes the descriptor. */
  close(): void {
    this.#socket.destroy()
  }
}
