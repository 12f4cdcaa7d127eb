import type { IncomingMessage } from 'node:http'
import { readFileRequest } from '../admit/credentials.ts'
import type { TrafficCredentials } from '../route-source.ts'

/** The only form that signatures have (wire.md §2.6): SHA-256 in base64 without padding. */
const SIGNATURE = /^v1_[A-Za-z0-9+/]{43}$/

/**
 * The file that a request is for when nothing but its signature can name the sandbox: clients that are told one URL for all sandboxes
 * sign URLs below it, which browsers and programs then ask without routing headers. `undefined` for every other request.
 */
export function readSignedFile(request: Pick<IncomingMessage, 'method' | 'url'>): TrafficCredentials['file'] {
  const file = readFileRequest(request)
  return SIGNATURE.test(file?.query.get('signature') ?? '') ? file : undefined
}
