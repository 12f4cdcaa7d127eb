import { DrowseError } from '@drowse/protocol'
import type { ExitStatus } from './exit-status.ts'

/** A piece of a process's output, raw. */
export interface OutputChunk {
  source: 'stdout' | 'stderr' | 'pty'
  data: Uint8Array
}

/** What a subscriber gets: chunks, `idle` when nothing came for a while, and one `end` as the last. */
export type OutputEvent =
  | { kind: 'chunk'; chunk: OutputChunk }
  | { kind: 'idle' }
  | { kind: 'end'; status: ExitStatus }
  | { kind: 'closed' }

/** One reader of a process's output: a queue of chunks, then the end. */
export class OutputSubscription {
  readonly #queue: OutputChunk[] = []
  readonly #onTake: () => void
  readonly #onClose: (subscription: OutputSubscription) => void
  readonly #chunkCostBytes: number
  #queuedBytes = 0
  #wake: (() => void) | undefined
  #last: (() => OutputEvent) | undefined

  /** `chunkCostBytes` is what a chunk costs in memory besides its bytes. */
  constructor(onTake: () => void, onClose: (subscription: OutputSubscription) => void, chunkCostBytes: number) {
    this.#chunkCostBytes = chunkCostBytes
    this.#onTake = onTake
    this.#onClose = onClose
  }

  /** Memory, in bytes, of what waits to be taken. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /** Adds a chunk; ignored after the end. */
  push(chunk: OutputChunk): void {
    if (this.#last !== undefined) return
    this.#queue.push(chunk)
    this.#queuedBytes += chunk.data.byteLength + this.#chunkCostBytes
    this.#wake?.()
  }

  /** Ends the subscription once what is queued is taken. */
  end(status: ExitStatus): void {
    this.#finish(() => ({ kind: 'end', status }))
  }

  /** Ends it with an error, at once: what is queued is dropped. */
  drop(reason: string): void {
    this.#clear()
    this.#finish(() => {
      throw new DrowseError('unavailable', reason)
    })
    this.#onClose(this)
  }

  /** Ends it from the reader's side; a pending `next()` gives `closed`. Idempotent. */
  close(): void {
    this.#clear()
    this.#finish(() => ({ kind: 'closed' }))
    this.#onClose(this)
  }

  /** The next event; `idle` when none comes within `idleMs`. One call at a time. Throws what it was dropped for. */
  async next(idleMs: number): Promise<OutputEvent> {
    if (this.#queue.length === 0 && this.#last === undefined) await this.#wait(idleMs)
    const chunk = this.#queue.shift()
    if (chunk !== undefined) {
      this.#queuedBytes -= chunk.data.byteLength + this.#chunkCostBytes
      this.#onTake()
      return { kind: 'chunk', chunk }
    }
    return this.#last === undefined ? { kind: 'idle' } : this.#last()
  }

  #wait(idleMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), idleMs)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve()
      }
    })
  }

  #finish(last: () => OutputEvent): void {
    this.#last ??= last
    this.#wake?.()
  }

  #clear(): void {
    this.#queue.length = 0
    this.#queuedBytes = 0
  }
}
