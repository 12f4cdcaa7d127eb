import type { ExitStatus } from './exit-status.ts'
import { OutputSubscription, type OutputChunk } from './output-subscription.ts'

/** Bounds of an {@link OutputFanOut}. */
export interface FanOutLimits {
  /** When the quickest subscriber has this many bytes waiting, the process is held back. */
  holdBytes: number
  /** A subscriber with more than this waiting is dropped, as a quicker one goes on. */
  dropBytes: number
  /** What each waiting chunk counts besides its bytes: many a process prints a few at a time, and they take memory too. */
  chunkCostBytes: number
  /** How long, in ms, the process may be held back with nobody taking anything, before all subscribers are dropped. */
  stallMs: number
}

/** Limits of a real process. */
const FAN_OUT_LIMITS: FanOutLimits = {
  holdBytes: 256 * 1024,
  dropBytes: 4 * 1024 * 1024,
  chunkCostBytes: 256,
  stallMs: 60_000,
}

/**
 * Hands a process's output to all who subscribe at that moment; with nobody there it is discarded, and nothing is replayed.
 *
 * The quickest subscriber sets the pace: while it has enough waiting, the process is held back (`onHold`), as by a terminal.
 * Slower ones are served from their queue, up to a bound. So one dead reader among live ones never blocks them, and a single dead
 * one blocks the process for `stallMs` at most, unless it asked to be waited for.
 */
export class OutputFanOut {
  readonly #subscriptions = new Set<OutputSubscription>()
  readonly #patient = new WeakSet<OutputSubscription>()
  readonly #onHold: (isHeld: boolean) => void
  readonly #limits: FanOutLimits
  #isHeld = false
  #stallTimer: NodeJS.Timeout | undefined
  #status: ExitStatus | undefined

  constructor(onHold: (isHeld: boolean) => void, limits: FanOutLimits = FAN_OUT_LIMITS) {
    this.#onHold = onHold
    this.#limits = limits
  }

  /**
   * A new subscription, from this moment on. After the end it holds the end only. One that `isPatient` is waited for however long it takes
   * nothing: whoever reads has other means to find that its reader is gone.
   */
  subscribe({ isPatient = false } = {}): OutputSubscription {
    const subscription = new OutputSubscription(
      () => this.#taken(),
      (closed) => {
        this.#subscriptions.delete(closed)
        this.#updateHold()
      },
      this.#limits.chunkCostBytes,
    )
    if (isPatient) this.#patient.add(subscription)
    if (this.#status === undefined) this.#subscriptions.add(subscription)
    else subscription.end(this.#status)
    this.#updateHold()
    return subscription
  }

  /** Gives a chunk to every subscriber. */
  publish(chunk: OutputChunk): void {
    for (const subscription of this.#subscriptions) {
      subscription.push(chunk)
      if (subscription.queuedBytes > this.#limits.dropBytes) subscription.drop('the subscriber reads too slowly')
    }
    this.#updateHold()
  }

  /** Ends every subscription, and those to come. Later chunks are discarded. Only the first call counts. */
  end(status: ExitStatus): void {
    if (this.#status !== undefined) return
    this.#status = status
    const ending = [...this.#subscriptions]
    this.#subscriptions.clear()
    for (const subscription of ending) subscription.end(status)
    this.#updateHold()
  }

  /** Drops every subscriber; the process goes on. */
  dropSubscribers(reason: string): void {
    for (const subscription of this.#subscriptions) subscription.drop(reason)
  }

  #taken(): void {
    this.#updateHold()
    if (this.#isHeld) this.#restartStallTimer()
  }

  #updateHold(): void {
    const isHeld =
      this.#subscriptions.size > 0 &&
      [...this.#subscriptions].every((subscription) => subscription.queuedBytes >= this.#limits.holdBytes)
    if (isHeld === this.#isHeld) return
    this.#isHeld = isHeld
    clearTimeout(this.#stallTimer)
    if (isHeld) this.#restartStallTimer()
    this.#onHold(isHeld)
  }

  #restartStallTimer(): void {
    clearTimeout(this.#stallTimer)
    this.#stallTimer = setTimeout(() => this.#dropStalled(), this.#limits.stallMs)
  }

  #dropStalled(): void {
    for (const subscription of this.#subscriptions) {
      if (!this.#patient.has(subscription)) subscription.drop('the subscriber does not read')
    }
  }
}
