import { Transform, type TransformCallback } from 'node:stream'
import { END_OF_STREAM, PREFIX_BYTES } from '../answer/connect-error.ts'

/** Longest message, in bytes, that is held back until it is whole; longer ones pass in parts. The daemon's stay below 64 KiB. */
const MAX_HELD_BYTES = 256 * 1024

/**
 * Passes a Connect stream on by whole messages, so that an end can be put behind the last one whenever the source is lost.
 * A stream that ends by itself passes unchanged, whatever it holds.
 */
export class WholeFrames extends Transform {
  #held: Buffer = Buffer.alloc(0)
  /** Bytes to come of a message that is passed on in parts. */
  #restOfLong = 0
  #hasEnded = false
  #isCut = false

  /** Ends the stream where it is: what was passed on still arrives, a message that is not whole does not. */
  cut(): void {
    this.#isCut = true
    this.end()
  }

  /** Whether an end-of-stream message may follow what was passed on. */
  get mayAppend(): boolean {
    return this.#restOfLong === 0 && !this.#hasEnded
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    const end = this.#endOfWhole(bytes)
    this.#held = bytes.subarray(end)
    done(null, end === 0 ? undefined : bytes.subarray(0, end))
  }

  override _flush(done: TransformCallback): void {
    done(null, this.#isCut || this.#held.length === 0 ? undefined : this.#held)
  }

  /** Where the last whole message in `bytes` ends. */
  #endOfWhole(bytes: Buffer): number {
    let at = Math.min(this.#restOfLong, bytes.length)
    this.#restOfLong -= at
    while (at + PREFIX_BYTES <= bytes.length) {
      const length = bytes.readUInt32BE(at + 1)
      const end = at + PREFIX_BYTES + length
      if (end > bytes.length && length <= MAX_HELD_BYTES) return at
      if (((bytes[at] ?? 0) & END_OF_STREAM) !== 0) this.#hasEnded = true
      this.#restOfLong = Math.max(0, end - bytes.length)
      at = Math.min(end, bytes.length)
    }
    return at
  }
}
