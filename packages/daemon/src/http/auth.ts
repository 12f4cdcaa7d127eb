import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { DrowseError } from '@drowse/protocol'

const UNAUTHORIZED = 'unauthorized access, please provide a valid access token or method signing if supported'

/**
 * Checks the access token of a request. Throws "unauthenticated" when one is set and the request has another or none.
 * `GET /health` is open to all.
 */
export function authorize(request: IncomingMessage, accessToken: string | undefined): void {
  if (accessToken === undefined) return
  const path = (request.url ?? '').split('?', 1)[0]
  if (path === '/health' && request.method === 'GET') return
  const given = request.headers['x-access-token']
  if (typeof given === 'string' && equalsInConstantTime(given, accessToken)) return
  if (path !== '/files') throw new DrowseError('unauthenticated', UNAUTHORIZED)
  throw new DrowseError(
    'unauthenticated',
    given === undefined ? 'missing signature query parameter' : 'access token present in header but does not match',
  )
}

/** Compares two secrets in a time that says nothing of where they differ. */
function equalsInConstantTime(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
