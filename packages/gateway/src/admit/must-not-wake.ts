import type { IncomingMessage } from 'node:http'

/**
 * Whether a request only wants to look: `wake=false` in its query, or the header `Drowse-Wake: false`. The query goes to the
 * sandbox's server unchanged, so it means nothing else there; the header does not.
 */
export function mustNotWake(request: IncomingMessage): boolean {
  if (String(request.headers['drowse-wake']).trim().toLowerCase() === 'false') return true
  const query = /^[^?#]*\?([^#]*)/.exec(request.url ?? '')?.[1]
  return query !== undefined && query.split('&').includes('wake=false')
}
