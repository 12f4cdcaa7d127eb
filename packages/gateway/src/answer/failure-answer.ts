import { DrowseError, type ErrorCode } from '@drowse/protocol'
import type { SandboxTarget } from '../classify/classify-request.ts'
import { sandboxNotFound, stillTransitioning, type Answer } from './answer.ts'

/** Errors whose message is written for the caller; the text of any other stays in the log. */
const TOLD: ReadonlySet<ErrorCode> = new Set(['rate_limited', 'unavailable', 'disk_full', 'conflict'])

/** The answer to a request whose sandbox could not be looked up or woken. */
export function failureAnswer(error: unknown, target: SandboxTarget): Answer {
  const failure = DrowseError.from(error)
  if (failure.code === 'not_found') return sandboxNotFound(target)
  if (failure.code === 'deadline_exceeded') return stillTransitioning(target)
  return {
    status: failure.status,
    message: TOLD.has(failure.code) ? failure.message : 'The sandbox could not be reached because of an internal error',
    sandboxId: target.id,
    ...(failure.isRetryable ? { retryAfterS: 1 } : {}),
  }
}
