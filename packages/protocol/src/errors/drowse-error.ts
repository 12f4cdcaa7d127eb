import { ERROR_CODES, type ErrorCode } from './codes.ts'

/** Extra parts of a {@link DrowseError}. */
export interface DrowseErrorOptions {
  /** Facts for logs and tests; never sent to clients. */
  details?: Record<string, unknown>
  /** What went wrong underneath; logged, never sent. */
  cause?: unknown
  /** Overrides the code's own answer to "may the same call succeed later". */
  isRetryable?: boolean
}

/** The platform's one error class. `message` is a sentence for people: what, why, what now. */
export class DrowseError extends Error {
  override readonly name = 'DrowseError'
  readonly code: ErrorCode
  readonly details: Record<string, unknown>
  readonly isRetryable: boolean

  constructor(code: ErrorCode, message: string, options: DrowseErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.details = options.details ?? {}
    this.isRetryable = options.isRetryable ?? ERROR_CODES[code].isRetryable
  }

  /** HTTP status of the code. */
  get status(): number {
    return ERROR_CODES[this.code].status
  }

  /** Wraps anything thrown; a `DrowseError` is returned as it is. Never fails. */
  static from(error: unknown, code: ErrorCode = 'internal'): DrowseError {
    if (error instanceof DrowseError) return error
    const message = error instanceof Error ? error.message : String(error)
    return new DrowseError(code, message, { cause: error })
  }
}
