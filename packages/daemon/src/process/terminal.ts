import { writeSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import { ReadStream } from 'node:tty'
import { DrowseError } from '@drowse/protocol'
import { systemCode } from '../filesystem/fs-error.ts'
import type { Libc } from './native/libc.ts'
import { resizeTerminal, type TerminalSize } from './native/pseudo-terminal.ts'

/** Most bytes that may wait for a program to read them; more is refused. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024
/** First and longest pause, in ms, before a full terminal is tried again. */
const RETRY_MIN_MS = 10
const RETRY_MAX_MS = 250

/** The near end of a process's terminal: what it prints, what is typed, its size. */
export class Terminal {
  /** Ends when the last program has closed the terminal, or at {@link close}. */
  readonly output: Readable
  readonly #libc: Libc
  readonly #descriptor: number
  #turn: Promise<void> = Promise.resolve()
  #waitingBytes = 0
  #isClosed = false

  /** Takes over the descriptor of a terminal's near end, which must not block. */
  constructor(libc: Libc, descriptor: number) {
    this.#libc = libc
    this.#descriptor = descriptor
    this.output = new ReadStream(descriptor)
    this.output.once('close', () => (this.#isClosed = true))
  }

  /** Sets the size. Throws "invalid_argument" when it is too large, "not_found" when the terminal is closed. */
  resize(size: TerminalSize): void {
    if (this.#isClosed) throw new DrowseError('not_found', 'Cannot size terminal: it is closed')
    resizeTerminal(this.#libc, this.#descriptor, size)
  }

  /** Types bytes and resolves when the terminal took them all; calls keep their order. Throws "internal" when it is closed. */
  async write(data: Uint8Array): Promise<void> {
    if (this.#waitingBytes > MAX_WAITING_BYTES) {
      throw new DrowseError('rate_limited', 'error writing to tty: the process does not read its input')
    }
    this.#waitingBytes += data.byteLength
    const turn = this.#turn.then(() => this.#writeAll(data))
    this.#turn = turn.catch(() => undefined)
    await turn.finally(() => (this.#waitingBytes -= data.byteLength))
  }

  /** Hangs up: programs that still use the terminal find it gone. Idempotent. */
  close(): void {
    this.#isClosed = true
    this.output.destroy()
  }

  /** Not through the stream: Node's terminals spin while a non-blocking descriptor is full. */
  async #writeAll(data: Uint8Array): Promise<void> {
    let retryMs = RETRY_MIN_MS
    for (let offset = 0; offset < data.byteLength;) {
      if (this.#isClosed) throw new DrowseError('internal', 'error writing to tty: it is closed')
      const written = this.#writeSome(data, offset)
      if (written > 0) {
        offset += written
        retryMs = RETRY_MIN_MS
      } else {
        await setTimeout(retryMs)
        retryMs = Math.min(retryMs * 2, RETRY_MAX_MS)
      }
    }
  }

  #writeSome(data: Uint8Array, offset: number): number {
    try {
      return writeSync(this.#descriptor, data, offset)
    } catch (error) {
      if (systemCode(error) === 'EAGAIN') return 0
      const reason = error instanceof Error ? error.message : String(error)
      throw new DrowseError('internal', `error writing to tty: ${reason}`, { cause: error })
    }
  }
}
