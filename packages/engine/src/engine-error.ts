import { DrowseError } from '@drowse/protocol'

/**
 * Makes any failure of an engine's step ours: "disk_full" when the disk is, "conflict" and "invalid_argument" as they are, else
 * "engine_failed". The sentence names the action and the sandbox.
 */
export function engineError(action: string, id: string, error: unknown): DrowseError {
  const known = error instanceof DrowseError ? error : undefined
  if (known !== undefined && (known.code === 'conflict' || known.code === 'invalid_argument')) return known
  const message = error instanceof Error ? error.message : String(error)
  const isFull = /\bENOSPC\b|\bEDQUOT\b|no space left on device|disk quota exceeded/i.test(message)
  return new DrowseError(isFull ? 'disk_full' : 'engine_failed', `Cannot ${action} sandbox "${id}": ${message}`, {
    cause: error,
    ...(known !== undefined && !isFull
      ? { isRetryable: known.code === 'engine_failed' ? known.isRetryable : true }
      : {}),
  })
}

/** The error for a call that is not legal in the current status. */
export function statusConflict(action: string, id: string, status: string): DrowseError {
  return new DrowseError('conflict', `Cannot ${action} sandbox "${id}": it is ${status}`)
}
