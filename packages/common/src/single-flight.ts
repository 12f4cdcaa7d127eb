/** Lets any number of callers share one run of the same work. */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>()

  /** Joins the run under `key`, or starts one. Everyone gets its result or its failure. */
  async run(key: string, work: () => Promise<T>): Promise<T> {
    const current = this.#flights.get(key)
    if (current !== undefined) return await current
    const flight = work()
    this.#flights.set(key, flight)
    try {
      return await flight
    } finally {
      this.#flights.delete(key)
    }
  }

  /** Waits for every run that is on its way, whatever becomes of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#flights.values())
  }

  /** Whether a run is on its way under `key`. */
  has(key: string): boolean {
    return this.#flights.has(key)
  }
}
