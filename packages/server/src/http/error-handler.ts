import type { Logger } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { describeValidation } from './describe-validation.ts'

/** Seconds after which a client may try again what failed for lack of room, unless the failure says its own. */
const RETRY_AFTER_S = 1

/**
 * Answers for what a route throws: always `{code, message}`, with an `error_code` where clients look for one, never a
 * stack. `Should-Retry: false` says that the same call can't succeed later.
 */
export function createErrorHandler(logger: Logger) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const known = translate(error)
    // What is not there is nobody's fault, and nothing to look up.
    const isServerFault = known.status >= 500 && known.code !== 'unimplemented'
    if (isServerFault) {
      logger.error(
        { requestId: request.id, method: request.method, route: request.routeOptions.url, err: error },
        'request failed',
      )
    }
    if (!known.isRetryable) void reply.header('should-retry', 'false')
    else if (known.status === 429 || known.status === 503) {
      const ownS = known.details['retryAfterS']
      void reply.header('retry-after', String(typeof ownS === 'number' ? ownS : RETRY_AFTER_S))
    }
    const message = isServerFault ? serverFaultMessage(known, request) : known.message
    const errorCode = known.details['errorCode']
    void reply
      .code(known.status)
      .send({ code: known.status, message, ...(typeof errorCode === 'string' ? { error_code: errorCode } : {}) })
  }
}

/** Text of our own failures stays inside, unless it was written for clients. */
function serverFaultMessage(error: DrowseError, request: FastifyRequest): string {
  const what =
    error.details['isPublic'] === true
      ? error.message
      : 'Cannot complete the request: something failed inside the service'
  return `${what} (request ${request.id})`
}

function translate(error: FastifyError): DrowseError {
  if (error instanceof DrowseError) return error
  const validation = describeValidation(error)
  if (validation !== undefined) return new DrowseError('invalid_argument', validation, { cause: error })
  if (error.statusCode === 413)
    return new DrowseError('payload_too_large', 'The request body is too large', { cause: error })
  if (error.statusCode !== undefined && error.statusCode < 500) {
    return new DrowseError('invalid_argument', `Cannot read the request: ${error.message}`, { cause: error })
  }
  return new DrowseError('internal', error.message, { cause: error })
}
