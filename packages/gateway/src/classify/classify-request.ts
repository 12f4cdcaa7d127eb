import { ENVD_PORT, isSandboxId, type SandboxId } from '@drowse/protocol'
import { isApiPath } from './api-path.ts'
import { readRequestFacts, type RequestFacts } from './request-facts.ts'
import { hostnameOf, isHost, isOwnName, parseSandboxName } from './routing-host.ts'

/** One port of one sandbox. */
export interface SandboxTarget {
  id: SandboxId
  port: number
}

/** Where a request goes. */
export type Classification =
  | { kind: 'api' }
  | { kind: 'sandbox'; target: SandboxTarget }
  /** Ambiguous or malformed: answered 400 with `message`. */
  | { kind: 'invalid'; message: string }

/** The parts of a request that decide where it goes. */
export interface RoutableRequest {
  url: string
  /** Node's raw form: name, value, name, value. */
  rawHeaders: readonly string[]
}

/**
 * Decides whether a request is for the API or for a sandbox's port (wire.md §2.3).
 *
 * A host that is none is refused. `<port>-<id>[-client].<anything>` is always a sandbox, whatever the headers say. Otherwise routing headers decide, under the
 * platform's own names only. The API takes the rest; a signed `/files` url without routing headers is among the rest, until `Traffic` finds who has signed it.
 */
export function classifyRequest(request: RoutableRequest, domain: string): Classification {
  const facts = readRequestFacts(request.rawHeaders)
  if (facts.repeated !== undefined) return invalid(`Header "${facts.repeated}" must come once`)
  if (!isHost(facts.host)) return invalid('Header "host" is not a host')
  const hostname = hostnameOf(facts.host)
  const named = parseSandboxName(hostname)
  if (named !== undefined) return toTarget(named.id, named.port)
  if (facts.sandboxIds.length === 0 && facts.sandboxPorts.length === 0) return { kind: 'api' }
  if (isControlCall(facts, request.url)) return { kind: 'api' }
  return byHeaders(facts, hostname, domain)
}

/** novita's Python client sends routing headers with the daemon's port on API calls; the daemon has no such paths. */
function isControlCall(facts: RequestFacts, url: string): boolean {
  return facts.hasApiKey && isApiPath(url) && facts.sandboxPorts.every((port) => port === String(ENVD_PORT))
}

function byHeaders(facts: RequestFacts, hostname: string, domain: string): Classification {
  const [id, otherId] = facts.sandboxIds
  const [port, otherPort] = facts.sandboxPorts
  if (id === undefined || port === undefined) {
    return invalid(`Routing header "${id === undefined ? 'E2b-Sandbox-Id' : 'E2b-Sandbox-Port'}" is missing: send both`)
  }
  if ((otherId ?? id) !== id || (otherPort ?? port) !== port) return invalid('Routing headers contradict each other')
  if (!isOwnName(hostname, domain)) {
    return invalid(`Routing headers are honoured under a loopback address or "sandbox.${domain}", not "${hostname}"`)
  }
  return toTarget(id, port)
}

function toTarget(idText: string, portText: string): Classification {
  // Clients of older versions append a client id that means nothing.
  const [id = '', client, ...more] = idText.split('-')
  if (!isSandboxId(id) || client === '' || more.length > 0) return invalid('Invalid sandbox ID')
  const port = /^[1-9]\d{0,4}$/.test(portText) ? Number(portText) : 0
  if (port < 1 || port > 65_535) return invalid('Invalid sandbox port')
  return { kind: 'sandbox', target: { id, port } }
}

function invalid(message: string): Classification {
  return { kind: 'invalid', message }
}
