/** Headers that speak of one connection, not of the message (RFC 9110 §7.6.1). */
export const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Headers that no message may take away by naming them in its Connection header. */
const NOT_NAMEABLE: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'authorization',
  'x-access-token',
  'cookie',
])

/** The further headers that a message's Connection header makes hop-by-hop. */
export function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  // The two usual values name nothing further.
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return NONE
  const names = connection
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '' && !NOT_NAMEABLE.has(name))
  return names.length === 0 ? NONE : new Set(names)
}

const NONE: ReadonlySet<string> = new Set()
