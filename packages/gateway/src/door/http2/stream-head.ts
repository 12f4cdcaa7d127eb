import { METHODS, type IncomingHttpHeaders } from 'node:http'
import type { IncomingHttpHeaders as StreamHeaders } from 'node:http2'
import { badRequest, headersTooLarge, type Answer } from '../../answer/answer.ts'
import { isHost } from '../../classify/routing-host.ts'
import { MAX_HEADER_BYTES } from '../bounds.ts'
import { isTooLarge } from './header-size.ts'

/** The head of a request of HTTP/2, as one of HTTP/1.1 would look. */
export interface StreamHead {
  method: string
  /** Path and query. */
  url: string
  headers: IncomingHttpHeaders
  /** Name, value, name, value; names in lower case, `host` first. */
  rawHeaders: string[]
}

/** A head that cannot be said in HTTP/1.1, or can be read in two ways, or is too large; answered with `refusal`. */
export interface InvalidHead {
  refusal: Answer
}

/** What {@link readStreamHead} reads, as a session of Node's hands it over. */
export interface StreamFields {
  headers: StreamHeaders
  /** Name, value, name, value, as they came. */
  rawHeaders: readonly string[]
  /** Whether a body may follow. */
  hasBody: boolean
}

const PSEUDO = new Set([':method', ':scheme', ':path', ':authority'])
/** Fields that speak of one connection; HTTP/2 has other means for all of them (RFC 9113 §8.2.2). */
const FORBIDDEN = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const PATH = /^(\/[\x21\x22\x24-\x7e\x80-\xff]*|\*)$/
const METHOD_NAMES: ReadonlySet<string> = new Set(METHODS)

/**
 * Turns the head of an HTTP/2 request into one that HTTP/1.1 can carry word for word. nghttp2 has refused most of what is wrong before; this does not rest on it:
 * whatever could end a line, begin another request or tell a server another length or host is refused, never repaired.
 */
export function readStreamHead({ headers, rawHeaders, hasBody }: StreamFields): StreamHead | InvalidHead {
  if (isTooLarge(rawHeaders)) return { refusal: headersTooLarge(MAX_HEADER_BYTES) }
  const pseudo = new Map<string, string>()
  const fields: string[] = []
  const cookies: string[] = []
  let host: string | undefined
  let length: string | undefined
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    if (name.startsWith(':')) {
      if (!PSEUDO.has(name) || pseudo.has(name)) return invalid(`Pseudo header "${printable(name)}" is not expected`)
      if (fields.length > 0 || cookies.length > 0) return invalid('Pseudo headers must come first')
      pseudo.set(name, value)
      continue
    }
    if (!NAME.test(name)) return invalid(`"${printable(name)}" is not the name of a header`)
    if (!VALUE.test(value)) return invalid(`Header "${name}" holds a character that is not allowed`)
    if (FORBIDDEN.has(name)) return invalid(`Header "${name}" is not allowed in HTTP/2`)
    if (name === 'te' && value.trim().toLowerCase() !== 'trailers') return invalid('Header "te" must be "trailers"')
    if (name === 'cookie') {
      cookies.push(value)
    } else if (name === 'host') {
      if (host !== undefined) return invalid('Header "host" must come once')
      host = value.trim()
    } else {
      if (name === 'content-length') {
        if (length !== undefined) return invalid('Header "content-length" must come once')
        length = value
      }
      fields.push(name, value)
    }
  }
  if (length !== undefined && !/^\d{1,15}$/.test(length)) return invalid('Header "content-length" must be a number')
  const method = pseudo.get(':method') ?? ''
  if (method === 'CONNECT') return invalid('Method CONNECT is not served here')
  if (!METHOD_NAMES.has(method)) return invalid(`Method "${printable(method)}" is not known`)
  const url = pseudo.get(':path') ?? ''
  if (!PATH.test(url)) return invalid('The path must begin with "/" and hold no spaces')
  const authority = pseudo.get(':authority') ?? host
  if (authority === undefined || authority === '' || !isHost(authority))
    return invalid('The request names no valid host')
  if (host !== undefined && host.toLowerCase() !== authority.toLowerCase()) {
    return invalid('Header "host" contradicts ":authority"')
  }
  // A client may send its cookies one by one; HTTP/1.1 has one header for all (RFC 9113 §8.2.3).
  if (cookies.length > 0) fields.push('cookie', cookies.join('; '))
  return {
    method,
    url,
    headers: plainHeaders(headers, { authority, isChunked: hasBody && length === undefined }),
    rawHeaders: ['host', authority, ...fields],
  }
}

/** Node's joined headers without the pseudo ones. A body without a length has to be one in chunks for the server in the sandbox. */
function plainHeaders(
  headers: StreamHeaders,
  { authority, isChunked }: { authority: string; isChunked: boolean },
): IncomingHttpHeaders {
  const plain: IncomingHttpHeaders = {}
  for (const [name, value] of Object.entries(headers)) if (!name.startsWith(':')) plain[name] = value
  plain.host = authority
  if (isChunked) plain['transfer-encoding'] = 'chunked'
  return plain
}

function invalid(message: string): InvalidHead {
  return { refusal: badRequest(message) }
}

/** A name as a message may show it. */
function printable(text: string): string {
  return text.slice(0, 64).replaceAll(/[^\x21-\x7e]/g, '?')
}
