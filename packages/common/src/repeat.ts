import type { Clock, Timer } from './clock.ts'

/**
 * Does `work` again and again, the first time `everyMs` from now and each time `everyMs` after it has ended, so that no two go on at once. `work`
 * must not fail. Disposing ends it: the signal aborts, and the one that is under way is waited for.
 */
export function repeat(clock: Clock, everyMs: number, work: (ending: AbortSignal) => Promise<void>): AsyncDisposable {
  const end = new AbortController()
  let current: Promise<void> = Promise.resolve()
  const arm = (): Timer =>
    clock.setTimer(everyMs, () => {
      current = work(end.signal).then(() => {
        if (!end.signal.aborted) timer = arm()
      })
    })
  let timer = arm()
  return {
    async [Symbol.asyncDispose]() {
      end.abort()
      timer.cancel()
      await current
    },
  }
}
