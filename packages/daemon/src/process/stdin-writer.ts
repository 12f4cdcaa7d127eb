import { closeSync, constants, openSync, unlink } from 'node:fs'
import type { Writable } from 'node:stream'
import { DrowseError } from '@drowse/protocol'

/** Most bytes that may wait for a process to read them; more is refused. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
/** First and longest pause, in ms, between two wake-ups of late openers. */
const NUDGE_MIN_MS = 20
const NUDGE_MAX_MS = 1_000

/** The open standard input of a process. */
export class StdinWriter {
  readonly #stream: Writable
  readonly #fifoPath: string | undefined
  #nudge: NodeJS.Timeout | undefined
  #state: 'open' | 'closed' | 'ended' = 'open'

  /** `fifoPath` names the pipe behind `stream`, if it is one; it is removed at the process's end. */
  constructor(stream: Writable, fifoPath?: string) {
    this.#stream = stream
    this.#fifoPath = fifoPath
    // A process that closes its input early is its own business; a later write gets the error by its callback.
    stream.on('error', () => undefined)
    stream.once('close', () => this.#nudgeLateOpeners(NUDGE_MIN_MS))
  }

  /** Writes all of `data` and resolves when the pipe took it. Throws "internal" when the input is closed. */
  async write(data: Uint8Array): Promise<void> {
    if (this.#state !== 'open') throw new DrowseError('internal', 'error writing to stdin: stdin not enabled or closed')
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
    if (this.#state !== 'open') return
    this.#state = 'closed'
    this.#stream.end()
  }

  /** Gives everything up: the process is gone. Idempotent. */
  processEnded(): void {
    if (this.#state === 'ended') return
    this.#state = 'ended'
    clearTimeout(this.#nudge)
    this.#stream.destroy()
    if (this.#fifoPath !== undefined) unlink(this.#fifoPath, () => undefined)
  }

  /**
   * Opening a FIFO for reading waits for a writer, so a process that opens /dev/stdin by name after the input was closed would
   * wait for ever instead of reading to the end. A writer that comes and goes lets it go on.
   */
  #nudgeLateOpeners(delayMs: number): void {
    const path = this.#fifoPath
    if (path === undefined || this.#state === 'ended') return
    this.#nudge = setTimeout(() => {
      try {
        closeSync(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK))
        this.#nudgeLateOpeners(Math.min(delayMs * 1.5, NUDGE_MAX_MS))
      } catch {
        // ENXIO: no reader is left, so nobody waits.
      }
    }, delayMs)
  }
}
