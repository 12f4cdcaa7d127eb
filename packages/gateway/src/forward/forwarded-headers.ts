import type { IncomingMessage } from 'node:http'

/**
 * X-Forwarded-* as the gateway knows it, in Node's raw form: name, value, name, value. `trustedHops` is how many proxies of the operator's own stand before it: that many entries are taken from the end of
 * what came, and the one before them is the client. What came from further away, or with 0 anything that came, is dropped: a client can write it.
 */
export function forwardedHeaders(request: IncomingMessage, trustedHops: number): string[] {
  const { headers, socket } = request
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const believed = (name: string): string[] => (trustedHops > 0 ? listOf(headers[name]) : [])
  const chain = [...believed('x-forwarded-for'), peer].filter((entry) => entry !== '')
  const proto = farthest(believed('x-forwarded-proto'), trustedHops)
  const host = farthest(believed('x-forwarded-host'), trustedHops) ?? headers.host
  const known: string[] = []
  if (chain.length > 0) known.push('X-Forwarded-For', chain.slice(-(trustedHops + 1)).join(', '))
  known.push('X-Forwarded-Proto', isProto(proto) ? proto : 'encrypted' in socket ? 'https' : 'http')
  if (host !== undefined) known.push('X-Forwarded-Host', host)
  return known
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return []
  return String(value)
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** What the outermost of the trusted proxies said; proxies append, or say it anew. */
function farthest(entries: readonly string[], trustedHops: number): string | undefined {
  return entries.at(-Math.min(trustedHops, entries.length)) // of an empty list: undefined
}

function isProto(value: string | undefined): value is 'http' | 'https' {
  return value === 'http' || value === 'https'
}
