import type { EngineEvent } from './engine.ts'

/** The listeners of one engine's events. */
export class EngineListeners {
  readonly #listeners = new Set<(event: EngineEvent) => void>()

  /** Adds `listener`; returns how to take it away again. */
  add(listener: (event: EngineEvent) => void): () => void {
    // Wrapped, so that a function that was added twice is called twice and leaves once at a time.
    const entry = (event: EngineEvent): void => listener(event)
    this.#listeners.add(entry)
    return () => this.#listeners.delete(entry)
  }

  /** Calls every listener, in the order in which they came. */
  emit(event: EngineEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
