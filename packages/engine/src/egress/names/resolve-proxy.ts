import { covers } from '../ipv4-networks.ts'
import { isReachable } from './reachable.ts'
import type { Lookup } from './resolve-public.ts'

/** Gives the IPv4 addresses of a name (or of an address, itself) at which a proxy of sandboxes' owners may be; empty when there is none. */
export type ResolveProxy = (name: string, port: number) => Promise<string[]>

/**
 * Makes a resolver for proxies by a lookup. They are public, or at the places (`a.b.c.d:port`, or `a.b.c.d/n:port` for a network of them) that the operator has named: what sandboxes send to one of those comes from the host, into
 * networks that the firewall closes to sandboxes.
 */
export function createResolveProxy(lookup: Lookup, places: readonly string[]): ResolveProxy {
  const allowed = places.map(parse)
  return async (name, port) => {
    const networks = allowed.filter((place) => Number(place.port) === port).map(({ network }) => network)
    return (await lookup(name)).filter((address) => isReachable(address) || covers(networks, address))
  }
}

function parse(text: string): { network: string; port: string } {
  const at = text.lastIndexOf(':')
  return { network: text.slice(0, at), port: text.slice(at + 1) }
}
