import type { NodeEvent } from './node-client.ts'

/** Tells everybody who listens to a node what happened by itself. */
export class NodeEvents {
  readonly #listeners = new Set<(event: NodeEvent) => void>()

  /** Calls `listener` for every later event; returns how to end that. */
  listen(listener: (event: NodeEvent) => void): () => void {
    // Wrapped, so that the same function may listen twice.
    const entry = (event: NodeEvent): void => listener(event)
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  emit(event: NodeEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
