import { DrowseError } from '@drowse/protocol'

/**
 * A signal that aborts `timeoutMs` from now or with `signal`, whichever is first.
 * Its reason is a `DrowseError` "deadline_exceeded" that names `what` when the time runs out.
 */
export function deadline(timeoutMs: number, what: string, signal?: AbortSignal): AbortSignal {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    controller.abort(new DrowseError('deadline_exceeded', `Cannot ${what}: no result after ${timeoutMs} ms`))
  }, timeoutMs)
  timer.unref()
  controller.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  return signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])
}

/** Rejects with the signal's reason when it aborts before `promise` settles. The work behind `promise` goes on. */
export async function raceSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let onAbort: (() => void) | undefined
  const aborted = new Promise<never>((_, reject) => {
    onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    if (onAbort !== undefined) signal.removeEventListener('abort', onAbort)
  }
}
