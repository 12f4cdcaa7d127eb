import { DrowseError } from '@drowse/protocol'
import type { StopCause } from '../sandbox-access.ts'

/** What a person is told when their sandbox stopped under them. */
export const STOP_TEXTS: Readonly<Record<StopCause, string>> = {
  paused: 'The sandbox was paused; what ran in it goes on when it wakes.',
  killed: 'The sandbox was killed.',
}

/** What a person is told of a failure. Text of the service's own failures stays inside. */
export function failureText(error: unknown): string {
  const { message, status, details } = DrowseError.from(error)
  if (status < 500 || status === 503 || details['isPublic'] === true) return message
  return 'Cannot open the sandbox: something failed inside the service.'
}
