/** What one error code means on the wire. */
export interface ErrorCodeInfo {
  /** HTTP status, repeated as the body's numeric `code` (wire.md §1.1). */
  status: number
  /** Whether the same call may succeed later, unchanged. */
  isRetryable: boolean
  /** What a person can do about it. */
  hint: string
}

/** Every error of the platform; docs/errors.md lists the same codes and a test compares the two. */
export const ERROR_CODES = {
  invalid_argument: { status: 400, isRetryable: false, hint: 'Correct the request as the message says.' },
  unauthenticated: { status: 401, isRetryable: false, hint: 'Send a valid key in X-API-KEY; `drowse env` prints one.' },
  permission_denied: { status: 403, isRetryable: false, hint: 'Use credentials that may reach this sandbox.' },
  not_found: { status: 404, isRetryable: false, hint: 'Check the id or name; killed sandboxes are gone for good.' },
  method_not_allowed: { status: 405, isRetryable: false, hint: 'Use a method the route documents.' },
  conflict: { status: 409, isRetryable: false, hint: 'Read the state with a get and decide again.' },
  payload_too_large: { status: 413, isRetryable: false, hint: 'Send a smaller body.' },
  unprocessable: { status: 422, isRetryable: false, hint: 'Use a new Idempotency-Key for another request.' },
  rate_limited: { status: 429, isRetryable: true, hint: 'Wait as Retry-After says, then try again.' },
  internal: { status: 500, isRetryable: false, hint: 'Look up the request id in `drowse logs`.' },
  exec_failed: {
    status: 500,
    isRetryable: false,
    hint: 'Look up the request id in `drowse logs`; run `drowse doctor`.',
  },
  engine_failed: { status: 500, isRetryable: true, hint: 'Try again; run `drowse doctor` when it stays.' },
  unimplemented: { status: 501, isRetryable: false, hint: 'Do without it, or as the message says.' },
  sandbox_unreachable: {
    status: 502,
    isRetryable: true,
    hint: 'Check that the sandbox runs and something listens on the port.',
  },
  unavailable: { status: 503, isRetryable: true, hint: 'Try again in a moment.' },
  deadline_exceeded: { status: 504, isRetryable: true, hint: 'Try again; raise the time limit when it stays.' },
  disk_full: { status: 507, isRetryable: true, hint: 'Free disk space, then try again.' },
  setup_failed: { status: 500, isRetryable: true, hint: 'Do what the message says, then run `drowse up` again.' },
} as const satisfies Record<string, ErrorCodeInfo>

/** Code of a {@link DrowseError}. */
export type ErrorCode = keyof typeof ERROR_CODES
