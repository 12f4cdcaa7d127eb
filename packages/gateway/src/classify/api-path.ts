/** First segments of the API's routes; none is a path of the daemon. */
const API_ROOTS = new Set([
  'sandboxes',
  'v2',
  'v3',
  'templates',
  'default-templates',
  'snapshots',
  'volumes',
  'secrets',
  'teams',
  'events',
  'nodes',
  'api-keys',
  'access-tokens',
])

/** Whether a request's path starts with one of the API's routes, as whole segments. */
export function isApiPath(url: string): boolean {
  const root = /^\/([^/?#]*)/.exec(url)?.[1]
  return root !== undefined && API_ROOTS.has(root)
}
