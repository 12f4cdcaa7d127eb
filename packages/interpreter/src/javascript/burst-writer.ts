import { writeAll } from './write-all.ts'

/** Length of a burst, in ms, and how many writes of one go out by themselves. */
const BURST_MS = 10
const SINGLE_WRITES = 32
const BUFFER_BYTES = 64 * 1024

/**
 * Writes at once what comes now and then, and in large pieces what comes in floods: a loop that prints a line at a time would else spend its
 * time in system calls. What a flood leaves is written when the event loop goes on.
 */
export class BurstWriter {
  readonly #descriptor: number
  #chunks: Buffer[] = []
  #length = 0
  #burstStartedAt = 0
  #writes = 0

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** Writes or keeps a chunk; waits while the pipe is full. */
  write(chunk: Buffer): void {
    const now = performance.now()
    if (now - this.#burstStartedAt > BURST_MS) {
      this.flush()
      this.#burstStartedAt = now
      this.#writes = 0
    }
    if (this.#length === 0 && ++this.#writes <= SINGLE_WRITES) return writeAll(this.#descriptor, chunk)
    if (this.#length === 0) setImmediate(() => this.flush())
    this.#chunks.push(chunk)
    this.#length += chunk.length
    if (this.#length >= BUFFER_BYTES) this.flush()
  }

  /** Writes what was kept. */
  flush(): void {
    if (this.#length === 0) return
    const bytes = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#length = 0
    writeAll(this.#descriptor, bytes)
  }
}
