import { closeSync, openSync, readSync } from 'node:fs'

const POOL_BYTES = 4096

/** Random bytes of the operating system, read ahead a page at a time. */
export class SystemRandom {
  readonly #pool = Buffer.alloc(POOL_BYTES)
  #used = POOL_BYTES

  /** Fills `target`. */
  fillBytes(target: Uint8Array): void {
    if (target.length > POOL_BYTES) return readRandom(target)
    if (this.#used + target.length > POOL_BYTES) {
      readRandom(this.#pool)
      this.#used = 0
    }
    this.#pool.copy(target, 0, this.#used, this.#used + target.length)
    // What was given out must not be found in memory, nor in another copy of it.
    this.#pool.fill(0, this.#used, this.#used + target.length)
    this.#used += target.length
  }

  /** Gives `length` bytes. */
  bytes(length: number): Buffer {
    const target = Buffer.alloc(length)
    this.fillBytes(target)
    return target
  }
}

function readRandom(target: Uint8Array): void {
  const descriptor = openSync('/dev/urandom', 'r')
  try {
    for (let offset = 0; offset < target.length;)
      offset += readSync(descriptor, target, offset, target.length - offset, null)
  } finally {
    closeSync(descriptor)
  }
}
