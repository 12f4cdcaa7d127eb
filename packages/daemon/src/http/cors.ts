import type { IncomingMessage, ServerResponse } from 'node:http'
import { cors } from '@connectrpc/connect'

const EXPOSED = [...cors.exposedHeaders, 'Location', 'Cache-Control', 'X-Content-Type-Options'].join(', ')
const METHODS = 'HEAD, GET, POST, PUT, PATCH, DELETE'
/** How long, in s, a browser may keep a preflight's answer; the most that Chrome allows. */
const MAX_AGE = '7200'

/** Lets any web page read the answer. Returns true when the request was a preflight, which is then answered. */
export function applyCors(request: IncomingMessage, response: ServerResponse): boolean {
  response.setHeader('Access-Control-Allow-Origin', '*')
  response.setHeader('Access-Control-Expose-Headers', EXPOSED)
  const asked = request.headers['access-control-request-method']
  if (request.method !== 'OPTIONS' || asked === undefined) return false
  response.setHeader('Access-Control-Allow-Methods', METHODS)
  // A literal `*` would leave out Authorization, so the asked headers are repeated.
  response.setHeader('Access-Control-Allow-Headers', request.headers['access-control-request-headers'] ?? '*')
  response.setHeader('Access-Control-Max-Age', MAX_AGE)
  response.writeHead(204).end()
  return true
}
