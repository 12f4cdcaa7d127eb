import type { EventEmitter } from 'node:events'

/** Fewest and most connections above the bound that still get an answer, so that their clients learn why; a tenth of the bound between the two. */
const SPARE = { fewest: 10, most: 100 }

/** Whether a connection may go on: `refuse` answers it that there are too many, `drop` closes it without a word. */
export type Entry = 'in' | 'refuse' | 'drop'

/** Counts what clients have open at the doors: connections, and the requests inside those of HTTP/2. Each may take a file descriptor of its own towards a sandbox. */
export class ConnectionGate {
  /** Most that may be open; infinite for none. */
  readonly limit: number
  readonly #spare: number
  #open = 0

  constructor(limit: number) {
    this.limit = limit
    this.#spare = Math.min(SPARE.most, Math.max(SPARE.fewest, Math.floor(limit / 10)))
  }

  /** How many are open now, those that are being refused among them. */
  get open(): number {
    return this.#open
  }

  /** Counts one in until it closes. What is dropped is not counted. */
  enter(what: EventEmitter): Entry {
    if (this.#open >= this.limit + this.#spare) return 'drop'
    this.#open++
    what.once('close', () => this.#open--)
    return this.#open > this.limit ? 'refuse' : 'in'
  }
}
