/** Longest wait, in ms, that one sleep of the sandbox can shorten a timer by. */
const SLICE_MS = 1_000

/**
 * Calls `onFire` once the sandbox has been awake for `delayMs`, and returns a function that cancels it.
 *
 * A paused sandbox's clock jumps ahead when it wakes, so a plain timer would fire at once for all the time asleep. This one
 * counts slices of a second by their own length: a sleep costs it one slice at most.
 */
export function startAwakeTimer(delayMs: number, onFire: () => void): () => void {
  let remainingMs = delayMs
  let timer: NodeJS.Timeout
  const arm = (): void => {
    const sliceMs = Math.min(remainingMs, SLICE_MS)
    timer = setTimeout(() => {
      remainingMs -= sliceMs
      if (remainingMs <= 0) onFire()
      else arm()
    }, sliceMs)
  }
  arm()
  return () => clearTimeout(timer)
}
