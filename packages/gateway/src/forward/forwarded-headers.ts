import type { IncomingMessage } from 'node:http'

/** What the gateway tells a server about who asked, in Node's raw form: name, value, name, value. */
export type ForwardedHeaders = string[]

/**
 * X-Forwarded-* as the gateway knows it. `trustedHops` is how many proxies of the operator's own stand before it: that many entries are taken from the end of
 * what came, and the one before them is the client. What came from further away, or with 0 anything that came, is dropped: a client can write it.
 */
export function forwardedHeaders(request: IncomingMessage, trustedHops: number): ForwardedHeaders {
  const { headers, socket } = request
  const peer = (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  const chain = [...(trustedHops > 0 ? listOf(headers['x-forwarded-for']) : []), peer].filter((entry) => entry !== '')
  const proto = trustedHops > 0 ? farthest(listOf(headers['x-forwarded-proto']), trustedHops) : undefined
  const host = trustedHops > 0 ? farthest(listOf(headers['x-forwarded-host']), trustedHops) : undefined
  const known: ForwardedHeaders = []
  if (chain.length > 0) known.push('X-Forwarded-For', chain.slice(-(trustedHops + 1)).join(', '))
  known.push('X-Forwarded-Proto', isProto(proto) ? proto : 'encrypted' in socket ? 'https' : 'http')
  const ownHost = host ?? headers.host
  if (ownHost !== undefined) known.push('X-Forwarded-Host', ownHost)
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
