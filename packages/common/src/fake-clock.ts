import type { Clock, Timer } from './clock.ts'

interface Pending {
  dueMs: number
  fn: () => void
}

/** A clock for tests: time moves only by {@link FakeClock.advance}, timers fire in order of their due time. */
export class FakeClock implements Clock {
  #nowMs: number
  readonly #pending = new Set<Pending>()

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs
  }

  nowMs(): number {
    return this.#nowMs
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const entry: Pending = { dueMs: this.#nowMs + Math.max(0, delayMs), fn }
    this.#pending.add(entry)
    return { cancel: () => void this.#pending.delete(entry) }
  }

  /** Moves time forward, firing what falls due, and lets promise callbacks run between two timers. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms
    for (;;) {
      const next = [...this.#pending].toSorted((a, b) => a.dueMs - b.dueMs)[0]
      if (next === undefined || next.dueMs > endMs) break
      this.#pending.delete(next)
      this.#nowMs = Math.max(this.#nowMs, next.dueMs)
      next.fn()
      await settle()
    }
    this.#nowMs = endMs
    await settle()
  }
}

/** Lets queued promise callbacks and immediate I/O callbacks run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}
