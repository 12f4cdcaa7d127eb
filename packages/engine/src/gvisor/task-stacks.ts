/**
 * Reads from a dump of the Sentry's goroutines whether the sandbox is frozen: every task's goroutine waits in `doStop`.
 *
 * The Sentry has no call that says so, its state file doesn't know of control-socket calls, and a note on disk could be
 * wrong after a crash between note and deed, when an unmatched resume would make the Sentry panic. The dump is the truth, at
 * 4 to 8 ms through the control socket; only what this process itself has brought about is known without it. A goroutine that has
 * been told to go on is listed as runnable at once, so there is no stale answer after a thaw.
 */
export function showsFrozen(dump: string): boolean {
  const tasks = dump.split('\n\n').filter((goroutine) => goroutine.includes('kernel.(*Task).run('))
  return tasks.length > 0 && tasks.every(isStopped)
}

function isStopped(goroutine: string): boolean {
  const header = goroutine.slice(0, goroutine.indexOf('\n'))
  return header.includes('[sync.Cond.Wait') && goroutine.includes('kernel.(*Task).doStop(')
}
