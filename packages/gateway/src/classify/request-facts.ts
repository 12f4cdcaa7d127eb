/** What the gateway reads from a request's headers to route it. */
export interface RequestFacts {
  /** Host header; empty when there is none (HTTP/1.0). */
  host: string
  /** Values of the routing headers of both clients, as they came. */
  sandboxIds: string[]
  sandboxPorts: string[]
  hasApiKey: boolean
  /** Name of a header that came more than once and must not; the request is refused. */
  repeated?: string
}

/** Headers whose repetition makes a request ambiguous: a proxy and a server behind it may read different ones. */
const SINGLE = new Set([
  'host',
  'e2b-sandbox-id',
  'e2b-sandbox-port',
  'novita-sandbox-id',
  'novita-sandbox-port',
  'x-api-key',
  'x-access-token',
  'e2b-traffic-access-token',
  'content-length',
  'transfer-encoding',
])

/** Reads the facts from headers in Node's raw form: name, value, name, value. */
export function readRequestFacts(rawHeaders: readonly string[]): RequestFacts {
  const facts: RequestFacts = { host: '', sandboxIds: [], sandboxPorts: [], hasApiKey: false }
  const seen = new Set<string>()
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    if (!SINGLE.has(name)) continue
    if (seen.has(name)) facts.repeated = name
    seen.add(name)
    collect(facts, name, (rawHeaders[i + 1] ?? '').trim())
  }
  return facts
}

function collect(facts: RequestFacts, name: string, value: string): void {
  switch (name) {
    case 'host':
      facts.host = value
      break
    case 'e2b-sandbox-id':
    case 'novita-sandbox-id':
      facts.sandboxIds.push(value)
      break
    case 'e2b-sandbox-port':
    case 'novita-sandbox-port':
      facts.sandboxPorts.push(value)
      break
    case 'x-api-key':
      facts.hasApiKey = true
      break
    default:
  }
}
