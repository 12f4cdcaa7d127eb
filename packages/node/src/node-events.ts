import type { NodeEvent } from './node-client.ts'

/** Events that are kept for the first listener at most: one for each sandbox of a large host. */
const MAX_EARLY = 10_000

/** Tells everybody who listens to a node what happened by itself. What happens before anybody does, the first one is told. */
export class NodeEvents {
  readonly #listeners = new Set<(event: NodeEvent) => void>()
  #early: NodeEvent[] | undefined = []

  /** Calls `listener` for every later event; returns how to end that. */
  listen(listener: (event: NodeEvent) => void): () => void {
    // Wrapped, so that the same function may listen twice.
    const entry = (event: NodeEvent): void => listener(event)
    this.#listeners.add(entry)
    const early = this.#early ?? []
    this.#early = undefined
    for (const event of early) entry(event)
    return () => void this.#listeners.delete(entry)
  }

  emit(event: NodeEvent): void {
    if (this.#early !== undefined && this.#early.length < MAX_EARLY) this.#early.push(event)
    for (const listener of this.#listeners) listener(event)
  }
}
