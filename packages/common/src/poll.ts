import { setTimeout as sleep } from 'node:timers/promises'

/** How often and how long {@link pollUntil} asks. */
export interface PollOptions {
  /** First pause between two tries, in ms; doubles up to `maxIntervalMs`. */
  intervalMs: number
  maxIntervalMs: number
  /** Ends the wait; its reason is thrown. Always pass one with a deadline. */
  signal: AbortSignal
}

/** Asks until `probe` gives something other than `undefined`, and returns that. */
export async function pollUntil<T>(probe: () => Promise<T | undefined>, options: PollOptions): Promise<T> {
  let intervalMs = options.intervalMs
  for (;;) {
    options.signal.throwIfAborted()
    const found = await probe()
    if (found !== undefined) return found
    await sleep(intervalMs)
    intervalMs = Math.min(intervalMs * 2, options.maxIntervalMs)
  }
}
