import { finished, type Readable } from 'node:stream'
import { giveBack } from './give-back.ts'

/** Most bytes of one batch. */
export const BATCH_BYTES = 1024 * 1024
/** What a batch begins with, so that a small body takes little memory. */
const FIRST_BYTES = 16 * 1024

/**
 * Gathers what a stream of buffers gives into batches of 1 MiB; the last one is shorter, and may be empty. While the caller works with one
 * the next is gathered, and no more. A batch is valid until the next is asked for. Rejects when the stream fails or is cut off, and does
 * not destroy it.
 *
 * Pieces are copied, as in gVisor one large write costs much less than many, and their memory is given back.
 */
export async function* batches(source: Readable): AsyncGenerator<Buffer, void> {
  const intake = new Intake(source)
  try {
    for (;;) {
      const { batch, isLast } = await intake.next()
      yield batch
      if (isLast) return
      intake.release(batch)
    }
  } finally {
    intake.close()
  }
}

class Intake {
  readonly #source: Readable
  readonly #stopWatching: () => void
  #gathered: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #length = 0
  #spare: Buffer | undefined
  /** What of a piece did not fit in; the source is paused then. */
  #left: Buffer | undefined
  #end: { error: unknown } | undefined
  #wake = (): void => {}

  constructor(source: Readable) {
    this.#source = source
    this.#stopWatching = finished(source, { writable: false }, (error) => {
      this.#end = { error }
      this.#wake()
    })
    source.on('data', this.#onData)
  }

  async next(): Promise<{ batch: Buffer; isLast: boolean }> {
    while (this.#left === undefined && this.#end === undefined) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    // An end comes behind the last piece, a failure at any time.
    if (this.#end?.error) throw this.#end.error
    const batch = this.#gathered.subarray(0, this.#length)
    if (this.#left === undefined) return { batch, isLast: true }
    this.#gathered = this.#spare ?? Buffer.allocUnsafeSlow(BATCH_BYTES)
    this.#spare = undefined
    this.#length = 0
    this.#onData(this.#left)
    if (this.#left === undefined) this.#source.resume()
    return { batch, isLast: false }
  }

  /** Takes the memory of a batch back. */
  release(batch: Buffer): void {
    this.#spare = batch
  }

  close(): void {
    this.#stopWatching()
    this.#source.off('data', this.#onData)
    if (this.#end === undefined) this.#source.pause()
    giveBack(this.#gathered)
    if (this.#spare !== undefined) giveBack(this.#spare)
  }

  readonly #onData = (piece: Buffer): void => {
    this.#grow(piece.length)
    const taken = piece.copy(this.#gathered, this.#length)
    this.#length += taken
    this.#left = taken === piece.length ? undefined : piece.subarray(taken)
    if (this.#left === undefined) return giveBack(piece)
    this.#source.pause()
    this.#wake()
  }

  #grow(bytes: number): void {
    const size = this.#gathered.length
    const needed = Math.min(BATCH_BYTES, this.#length + bytes)
    if (needed <= size) return
    const larger = Buffer.allocUnsafeSlow(Math.min(BATCH_BYTES, Math.max(needed, 4 * size)))
    this.#gathered.copy(larger, 0, 0, this.#length)
    giveBack(this.#gathered)
    this.#gathered = larger
  }
}
