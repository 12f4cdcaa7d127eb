import { Resolver } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import { isReachable } from './reachable.ts'

/** Time, in ms, for one try at a name server, and how many there are. */
const TRY_MS = 2_000
const TRIES = 2

/** Gives the IPv4 addresses of a name (or of an address, itself) that sandboxes may reach; empty when there is none. */
export type ResolvePublic = (name: string) => Promise<string[]>

/**
 * Makes a resolver that asks the given name servers (`a.b.c.d` or `a.b.c.d:port`). An allowed name that points into the host's own networks
 * gives nothing: the connection is made from the host, which the firewall would not stop.
 */
export function createResolvePublic(nameservers: readonly string[]): ResolvePublic {
  const lookup = createLookup(nameservers)
  return async (name) => (await lookup(name)).filter(isReachable)
}

/** Gives the IPv4 addresses of a name (or of an address, itself), wherever they are. */
export type Lookup = (name: string) => Promise<string[]>

/** Makes a lookup at the given name servers (`a.b.c.d` or `a.b.c.d:port`). */
export function createLookup(nameservers: readonly string[]): Lookup {
  const resolver = new Resolver({ timeout: TRY_MS, tries: TRIES })
  resolver.setServers(nameservers)
  return async (name) => (isIPv4(name) ? [name] : await resolver.resolve4(name))
}
