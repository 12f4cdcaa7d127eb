import { DrowseError } from '@drowse/protocol'

interface Call {
  controller: AbortController
  settled: Promise<void>
}

/** The calls under way, at most one for each sandbox, so that a destroy can end them. */
export class InFlight {
  readonly #calls = new Map<string, Call>()

  /** Runs `work`. Throws "conflict" when another call for `id` is under way, or when {@link InFlight.cancel} ended this one. */
  async run<T>(action: string, id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#calls.has(id)) {
      throw new DrowseError('conflict', `Cannot ${action} sandbox "${id}": another call for it is under way`)
    }
    const controller = new AbortController()
    const settled = Promise.withResolvers<void>()
    this.#calls.set(id, { controller, settled: settled.promise })
    try {
      const result = await work(controller.signal)
      controller.signal.throwIfAborted()
      return result
    } catch (error) {
      if (!controller.signal.aborted) throw error
      throw new DrowseError('conflict', `Cannot ${action} sandbox "${id}": it was destroyed meanwhile`, {
        cause: error,
      })
    } finally {
      this.#calls.delete(id)
      settled.resolve()
    }
  }

  /** Ends the call for `id`, if there is one, and waits until it has let go. */
  async cancel(id: string): Promise<void> {
    const call = this.#calls.get(id)
    call?.controller.abort()
    await call?.settled
  }
}
