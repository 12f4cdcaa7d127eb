import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'

/** Largest and default page (wire.md §1.1). */
const MAX_PAGE = 100

const states = z.preprocess(
  (value) => (Array.isArray(value) ? value : [value]).flatMap((text) => String(text).split(',')).filter(Boolean),
  z.array(z.enum(['running', 'paused'], 'state must be "running", "paused" or both, separated by a comma')),
)

/** Query of `GET /sandboxes`. */
export const legacyListQuery = z.object({ metadata: z.string('metadata must be given once').optional() })

/** Query of `GET /v2/sandboxes`. Empty values count as absent. */
export const listQuery = z.preprocess(
  dropEmpty,
  z.object({
    metadata: z.string('metadata must be given once').optional(),
    state: states.optional(),
    limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(MAX_PAGE),
    nextToken: z.string().optional(),
    startedAfter: z.coerce.date('startedAfter must be a date and time as RFC 3339 writes them').optional(),
    template: z.string().optional(),
    order: z.enum(['asc', 'desc'], 'order must be "asc" or "desc"').default('desc'),
  }),
)

/**
 * Decodes a metadata filter. Clients encode each key and value, then the pairs, then the query: what the query parser
 * leaves is decoded once as a whole, split, and each part decoded once more (wire.md §1.1).
 */
export function parseMetadataFilter(text: string): Record<string, string> {
  try {
    const pairs = decodeURIComponent(text).split('&').filter(Boolean)
    return Object.fromEntries(
      pairs.map((pair) => {
        const at = pair.indexOf('=')
        const [key, value] = at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
        return [decodeURIComponent(key), decodeURIComponent(value)]
      }),
    )
  } catch (error) {
    throw new DrowseError('invalid_argument', 'metadata must be URL-encoded pairs: key=value&key=value', {
      cause: error,
    })
  }
}

function dropEmpty(query: unknown): unknown {
  return Object.fromEntries(Object.entries(query ?? {}).filter(([, value]) => value !== ''))
}
