/** Longest delay, in ms, that a Node timer keeps; a longer one fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** A pending timer; disposing it twice is harmless. */
export interface Timer {
  cancel(): void
}

/** Source of time. Production code takes one so that tests can run hours in milliseconds. */
export interface Clock {
  /** Wall clock, in ms since the epoch. */
  nowMs(): number
  /** Calls `fn` once, `delayMs` from now. Delays of any size are kept. The timer does not hold the process open. */
  setTimer(delayMs: number, fn: () => void): Timer
}

/** The machine's own clock. Delays above 2^31-1 ms are split. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  setTimer(delayMs, fn) {
    const dueMs = Date.now() + delayMs
    let handle: NodeJS.Timeout
    const arm = (): void => {
      const leftMs = dueMs - Date.now()
      handle = leftMs > MAX_TIMER_MS ? setTimeout(arm, MAX_TIMER_MS) : setTimeout(fn, Math.max(0, leftMs))
      handle.unref()
    }
    arm()
    return { cancel: () => clearTimeout(handle) }
  },
}
