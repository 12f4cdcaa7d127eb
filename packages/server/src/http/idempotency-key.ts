import { DrowseError } from '@drowse/protocol'
import type { FastifyRequest } from 'fastify'

/** Clients use lower-case letters, digits and dashes (wire-drift.md §1); a little more does no harm. */
const KEY = /^[\w-]{1,255}$/

/** The `Idempotency-Key` of a request, if it has one. Throws "invalid_argument" for a malformed one. */
export function readIdempotencyKey(request: FastifyRequest): string | undefined {
  const header = request.headers['idempotency-key']
  if (header === undefined) return undefined
  if (typeof header === 'string' && KEY.test(header)) return header
  throw new DrowseError('invalid_argument', 'Idempotency-Key must be 1 to 255 letters, digits and dashes')
}
