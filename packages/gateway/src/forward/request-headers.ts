import type { IncomingMessage } from 'node:http'
import { ENVD_PORT } from '@drowse/protocol'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { RouteAccess } from '../route-source.ts'
import { forwardedHeaders } from './forwarded-headers.ts'
import { HOP_BY_HOP, namedByConnection } from './header-rules.ts'

/** Headers that were meant for the gateway, or that only the gateway may set. */
const NOT_FORWARDED = new Set([
  'e2b-sandbox-id',
  'e2b-sandbox-port',
  'novita-sandbox-id',
  'novita-sandbox-port',
  'e2b-traffic-access-token',
  'drowse-wake',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
  'x-real-ip',
])

/** Whether a header is for the gateway alone. Servers that hand headers on as variables (CGI, WSGI) take `X_Forwarded_For` for the one with hyphens. */
function isNotForwarded(key: string): boolean {
  return NOT_FORWARDED.has(key.includes('_') ? key.replaceAll('_', '-') : key)
}

/** Shape of the platform's own API keys. A user's server may well take other keys in the same header. */
const PLATFORM_KEY = /^\s*e2b_[0-9a-f]+\s*$/

/** Methods that say by having no Content-Length that they have no body. */
const BODYLESS = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/** Where a request goes and as what. */
export interface RequestWay {
  target: SandboxTarget
  access: RouteAccess
  /** Keeps the request an upgrade to this protocol. */
  upgrade?: string | undefined
  /** How many proxies of the operator's own stand before the gateway. */
  trustedHops: number
}

/** Whether a request announces a body. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && !/^\s*0+\s*$/.test(length))
}

/**
 * Headers for a sandbox's server, in Node's raw form and the client's order: without what speaks of the client's connection, of routing, or of
 * the platform's own secrets; with X-Forwarded-* as the gateway sees the client.
 */
export function requestHeaders(request: IncomingMessage, way: RequestWay): string[] {
  const { target, access, upgrade, trustedHops } = way
  const { rawHeaders } = request
  const named = namedByConnection(request.headers.connection)
  const mask = target.port === ENVD_PORT ? undefined : access.maskRequestHost
  const headers: string[] = []
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    const value = rawHeaders[i + 1] ?? ''
    const key = name.toLowerCase()
    if (HOP_BY_HOP.has(key) || isNotForwarded(key) || named.has(key)) continue
    if (key === 'x-api-key' && (target.port === ENVD_PORT || PLATFORM_KEY.test(value))) continue
    if (key === 'host' && mask !== undefined) continue
    headers.push(name, value)
  }
  if (mask !== undefined) headers.push('Host', mask.replaceAll('${PORT}', String(target.port)))
  pushFraming(headers, request, upgrade)
  headers.push(...forwardedHeaders(request, trustedHops))
  return headers
}

function pushFraming(headers: string[], request: IncomingMessage, upgrade: string | undefined): void {
  if (upgrade !== undefined) {
    headers.push('Connection', 'Upgrade', 'Upgrade', upgrade)
    return
  }
  if (/\btrailers\b/i.test(String(request.headers.te ?? ''))) headers.push('TE', 'trailers')
  if (request.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked')
  else if (request.headers['content-length'] === undefined && !BODYLESS.has(request.method ?? '')) {
    headers.push('Content-Length', '0')
  }
}
