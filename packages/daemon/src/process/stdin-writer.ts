import type { Writable } from 'node:stream'
import { DrowseError } from '@drowse/protocol'

/** Most bytes that may wait for a process to read them; more is refused. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024

/** The open standard input of a process. */
export class StdinWriter {
  readonly #stream: Writable
  #isOpen = true

  constructor(stream: Writable) {
    this.#stream = stream
    // A process that closes its input early is its own business; a later write gets the error by its callback.
    stream.on('error', () => undefined)
  }

  /** Writes all of `data` and resolves when the pipe took it. Throws "internal" when the input is closed. */
  async write(data: Uint8Array): Promise<void> {
    if (!this.#isOpen) throw new DrowseError('internal', 'error writing to stdin: stdin not enabled or closed')
    if (this.#stream.writableLength > MAX_WAITING_BYTES) {
      throw new DrowseError('rate_limited', 'error writing to stdin: the process does not read its input')
    }
    await new Promise<void>((resolve, reject) => {
      this.#stream.write(data, (error) => {
        if (error === null || error === undefined) resolve()
        else reject(new DrowseError('internal', `error writing to stdin: ${error.message}`, { cause: error }))
      })
    })
  }

  /** Ends the input once all of it is read. Idempotent. */
  close(): void {
    this.#isOpen = false
    this.#stream.end()
  }

  /** Gives everything up: the process is gone. Idempotent. */
  processEnded(): void {
    this.#isOpen = false
    this.#stream.destroy()
  }
}
