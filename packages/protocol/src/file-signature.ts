import { createHash } from 'node:crypto'
import { isSameSecret } from './same-secret.ts'

/** Scheme of the signatures; the only one that clients know. */
const SCHEME = 'v1_'

/** What a signed URL lets its holder do: `read` is `GET /files`, `write` is `POST /files`. */
export type FileOperation = 'read' | 'write'

/** What a signature of a file URL covers (wire.md §2.6). */
export interface FileSignatureInput {
  /** As the URL's `path` gives it, unresolved; empty for an upload whose parts name their files. */
  path: string
  operation: FileOperation
  /** As the URL's `username` gives it; empty when it has none. */
  user: string
  /** The daemon's token of the sandbox. */
  accessToken: string
  /** When the URL ends, in unix seconds; a URL without it holds as long as the token. */
  expiration?: number | undefined
}

/** Signs a file URL as E2B's clients do: `v1_` and the SHA-256 of the input in base64 without padding. */
export function signFileUrl(input: FileSignatureInput): string {
  const { path, operation, user, accessToken, expiration } = input
  const parts = [path, operation, user, accessToken, ...(expiration === undefined ? [] : [expiration])]
  return SCHEME + createHash('sha256').update(parts.join(':')).digest('base64').replaceAll('=', '')
}

/** What {@link checkFileSignature} says of a URL. */
export type FileSignatureVerdict = 'valid' | 'missing' | 'invalid' | 'expired'

/** The query of a file URL, and what it is to be allowed. */
export interface SignedFileRequest {
  query: URLSearchParams
  operation: FileOperation
  /** The daemon's token of the sandbox. */
  accessToken: string
  /** Now, in ms since the epoch. */
  nowMs: number
}

/**
 * Judges a file URL by `signature` and `signature_expiration` of its query. A wrong signature is "invalid" whatever its expiration says;
 * an expiration that is no whole number is "invalid" too. Compares in a time that says nothing of where two signatures differ.
 */
export function checkFileSignature({ query, operation, accessToken, nowMs }: SignedFileRequest): FileSignatureVerdict {
  const given = query.get('signature') ?? ''
  if (given === '') return 'missing'
  const ends = query.get('signature_expiration') ?? ''
  if (ends !== '' && !/^-?\d{1,15}$/.test(ends)) return 'invalid'
  const expiration = ends === '' ? undefined : Number(ends)
  const wanted = signFileUrl({
    path: query.get('path') ?? '',
    operation,
    user: query.get('username') ?? '',
    accessToken,
    expiration,
  })
  if (!isSameSecret(given, wanted)) return 'invalid'
  return expiration !== undefined && expiration * 1000 <= nowMs ? 'expired' : 'valid'
}
