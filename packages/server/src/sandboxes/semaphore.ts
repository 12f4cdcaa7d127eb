/** Lets a limited number of pieces of work go on at once; the others wait, the first to come first. */
export class Semaphore {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  /** How many wait for room. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Runs `work` when there is room. The number of those who wait is the caller's to bound. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next() // hands its place over
    }
  }
}
