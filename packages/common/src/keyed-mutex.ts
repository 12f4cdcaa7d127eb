/** Runs work one at a time for each key, in order of arrival; different keys run side by side. */
export class KeyedMutex {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Waits for earlier work under `key`, then runs `work`. Failures of earlier work do not matter to later work. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const previous = this.#tails.get(key)
    const mine = previous === undefined ? work() : previous.then(work, work)
    const tail = mine.then(ignore, ignore)
    this.#tails.set(key, tail)
    try {
      return await mine
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }

  /** Whether work is running or waiting under `key`. */
  isBusy(key: string): boolean {
    return this.#tails.has(key)
  }
}

function ignore(): void {}
