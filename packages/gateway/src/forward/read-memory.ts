/** What one read of a long body takes at most, in bytes. */
const LARGE_BYTES = 256 * 1024
/** How many bodies at once have that much; further ones have the smaller size, so that many clients that do not read hold on to less. */
const MAX_LARGE = 64
const SMALL_BYTES = 64 * 1024

/** Memory that long bodies are read into, a piece each. */
export class ReadMemory {
  #large = 0

  /** Memory for one body, and what must be called once when that is over. */
  take(): { memory: Buffer; release: () => void } {
    if (this.#large >= MAX_LARGE) return { memory: Buffer.allocUnsafeSlow(SMALL_BYTES), release: () => {} }
    this.#large++
    return { memory: Buffer.allocUnsafeSlow(LARGE_BYTES), release: () => this.#large-- }
  }
}
