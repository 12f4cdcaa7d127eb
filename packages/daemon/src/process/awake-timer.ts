/** Least and most, in ms, of one slice of waiting. */
const SLICE_MIN_MS = 1_000
const SLICE_MAX_MS = 60_000
/** Into how many slices the time that remains is cut. */
const SLICES = 60

/**
 * Calls `onFire` once the sandbox has been awake for `delayMs`, and returns a function that cancels it.
 *
 * A paused sandbox's clock jumps ahead when it wakes, so a plain timer would fire at once for all the time asleep. This one
 * counts slices by their own length: a sleep costs it one slice at most, a sixtieth of what remains and a second to a minute.
 */
export function startAwakeTimer(delayMs: number, onFire: () => void): () => void {
  let remainingMs = delayMs
  let timer: NodeJS.Timeout
  const arm = (): void => {
    const sliceMs = Math.min(remainingMs, Math.max(SLICE_MIN_MS, Math.min(remainingMs / SLICES, SLICE_MAX_MS)))
    timer = setTimeout(() => {
      remainingMs -= sliceMs
      if (remainingMs <= 0) onFire()
      else arm()
    }, sliceMs)
  }
  arm()
  return () => clearTimeout(timer)
}
