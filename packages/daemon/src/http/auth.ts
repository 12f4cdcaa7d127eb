import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { checkFileSignature, DrowseError, type FileOperation, type FileSignatureVerdict } from '@drowse/protocol'

const UNAUTHORIZED = 'unauthorized access, please provide a valid access token or method signing if supported'

/** What a signed URL may do, by method of `/files`. */
const OPERATIONS: Readonly<Record<string, FileOperation>> = { GET: 'read', POST: 'write' }

const SIGNATURE_ERRORS: Readonly<Record<Exclude<FileSignatureVerdict, 'valid'>, string>> = {
  missing: 'missing signature query parameter',
  invalid: 'invalid signature',
  expired: 'signature is already expired',
}

/**
 * Checks the access token of a request. Throws "unauthenticated" when one is set and the request has another or none.
 * `GET /health` is open to all, and `/files` to whoever has a signed URL.
 */
export function authorize(request: IncomingMessage, accessToken: string | undefined): void {
  if (accessToken === undefined) return
  const [path = ''] = (request.url ?? '').split('?', 1)
  if (path === '/health' && request.method === 'GET') return
  const given = request.headers['x-access-token']
  if (typeof given === 'string' && equalsInConstantTime(given, accessToken)) return
  const operation = OPERATIONS[request.method ?? '']
  if (path !== '/files' || operation === undefined) throw new DrowseError('unauthenticated', UNAUTHORIZED)
  if (given !== undefined) {
    throw new DrowseError('unauthenticated', 'access token present in header but does not match')
  }
  const query = new URLSearchParams((request.url ?? '').slice(path.length))
  const signed = { query, operation, accessToken, nowMs: Date.now() }
  const verdict = checkFileSignature(signed)
  if (verdict !== 'valid') throw new DrowseError('unauthenticated', SIGNATURE_ERRORS[verdict])
}

/** Whether an authorized request came by a signed URL: then all that it may do is in the URL. */
export function isSigned(request: IncomingMessage, accessToken: string | undefined): boolean {
  return accessToken !== undefined && request.headers['x-access-token'] === undefined
}

/** Compares two secrets in a time that says nothing of where they differ. */
function equalsInConstantTime(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(a), digest(b))
}
