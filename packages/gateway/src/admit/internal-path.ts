/** Calls of the daemon that only the node and the gateway make (wire.md §2.4). */
const INTERNAL = new Set(['init', 'start', 'freeze', 'unfreeze', 'collapse', 'fsfreeze', 'fsthaw', 'upgrade', 'tunnel'])

/** Most rounds of percent-decoding; a path that still changes after these is treated as internal. */
const MAX_DECODES = 4

/**
 * Whether a request's path leads to one of the daemon's internal calls under any reading a server may have of it: encoded once or more,
 * doubled slashes, backslashes, dot segments, any case, path parameters, something behind it.
 */
export function isInternalPath(url: string): boolean {
  let path = /^[^?#]*/.exec(url)?.[0] ?? ''
  for (let round = 0; path.includes('%'); round++) {
    const decoded = path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    )
    if (decoded === path) break
    if (round === MAX_DECODES) return true
    path = decoded
  }
  const segments: string[] = []
  for (const part of path.split(/[/\\?#]/)) {
    const name = part.replace(/;.*$/, '').trim().toLowerCase()
    if (name === '..') segments.pop()
    else if (name !== '' && name !== '.') segments.push(name)
  }
  return INTERNAL.has(segments[0] ?? '')
}
