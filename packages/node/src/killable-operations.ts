import { KeyedMutex, raceSignal } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'

/** The operations on each sandbox, one at a time for an id; a kill ends those that run or wait. */
export class KillableOperations {
  readonly #mutex = new KeyedMutex()
  readonly #controllers = new Map<string, Set<AbortController>>()
  readonly #ended = new Set<Promise<unknown>>()

  /**
   * Runs `work` after earlier work of `id`. {@link interrupt} makes the caller fail at once with "not_found"; `work` gets the same signal,
   * checks it between its steps, and holds the id until it has really ended, so that two calls of the engine never overlap.
   */
  async run<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController()
    const { signal } = controller
    const siblings = this.#controllers.get(id) ?? new Set()
    this.#controllers.set(id, siblings.add(controller))
    const ended = this.#mutex.run(id, async () => {
      try {
        signal.throwIfAborted()
        return await work(signal)
      } finally {
        siblings.delete(controller)
        if (siblings.size === 0 && this.#controllers.get(id) === siblings) this.#controllers.delete(id)
      }
    })
    this.#track(ended)
    return raceSignal(ended, signal)
  }

  /** Fails every operation of `id` that runs or waits. Later ones are not touched. */
  interrupt(id: string): void {
    for (const controller of this.#controllers.get(id) ?? []) {
      controller.abort(new DrowseError('not_found', `Cannot find sandbox "${id}": it is being killed`))
    }
  }

  /** Whether an operation of `id` runs or waits. */
  isBusy(id: string): boolean {
    return this.#controllers.has(id)
  }

  /** Whether any operation of any id runs or waits. */
  get isAnyBusy(): boolean {
    return this.#controllers.size > 0
  }

  /** Waits until nothing runs or waits, for any id. */
  async drained(): Promise<void> {
    while (this.#ended.size > 0) await Promise.allSettled(this.#ended)
  }

  /** Runs `work` after earlier work of `id`, out of reach of {@link interrupt}. */
  async runUninterrupted<T>(id: string, work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(id, work)
  }

  #track(ended: Promise<unknown>): void {
    const forget = (): void => void this.#ended.delete(ended)
    this.#ended.add(ended)
    void ended.then(forget, forget)
  }
}
