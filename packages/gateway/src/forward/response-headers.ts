import { HOP_BY_HOP, namedByConnection } from './header-rules.ts'

/** A server's response headers for the client, in Node's raw form: all but those that speak of the connection to the server. */
export function responseHeaders(rawHeaders: readonly string[], connection: string | undefined): string[] {
  const named = namedByConnection(connection)
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const key = name.toLowerCase()
    if (!HOP_BY_HOP.has(key) && !named.has(key)) headers.push(name, rawHeaders[i + 1] ?? '')
  }
  return headers
}

/** Trailers as pairs, without names that would change how a message is read. */
export function trailerPairs(rawTrailers: readonly string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i + 1 < rawTrailers.length; i += 2) {
    const name = rawTrailers[i] ?? ''
    if (!NOT_A_TRAILER.test(name.replaceAll('_', '-'))) pairs.push([name, rawTrailers[i + 1] ?? ''])
  }
  return pairs
}

/** Fields that must not come late (RFC 9110 §6.5.1). */
const NOT_A_TRAILER =
  /^(host|connection|content-.*|transfer-encoding|trailer|te|upgrade|keep-alive|proxy-.*|expect|authorization|cookie|set-cookie|x-access-token|x-api-key|forwarded|x-forwarded-.*|x-real-ip|drowse-.*|e2b-.*|novita-.*)$/i
