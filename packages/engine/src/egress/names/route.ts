import { isOpenAddress, type EgressPolicy } from '../egress-policy.ts'
import { headersFor } from '../header-rules.ts'
import { matchesDomain } from './matches-domain.ts'
import type { Destination } from './original-destination.ts'
import type { ProxyContext } from './proxy-context.ts'
import { isReachable } from './reachable.ts'
import { createResolvePublic } from './resolve-public.ts'

/** What a sandbox's connection wants. */
export interface Wanted {
  /** The name that it asks for, by TLS or HTTP; undefined when it says none. */
  name: string | undefined
  /** Where it was dialled to; undefined when the kernel does not say. */
  dialled: Destination | undefined
  /** Port of the name's server. */
  port: number
}

/** Where a connection goes on to: one of the hosts, by address, or by name for a proxy to resolve. */
export interface Route {
  hosts: readonly string[]
  port: number
  /** Headers that its requests get, and the name that they are for. */
  rewrite?: { name: string; headers: Readonly<Record<string, string>> }
}

/**
 * Decides where a connection may go; undefined for nowhere.
 *
 * What goes by its name goes to the name's own address, whatever was dialled: else a guest could point a name at a server of its own, and
 * read there what its requests were given.
 */
export async function findRoute(
  context: ProxyContext,
  policy: EgressPolicy,
  { name, dialled, port }: Wanted,
): Promise<Route | undefined> {
  const isNamed = name !== undefined && matchesDomain(name, policy.domains)
  const headers = name === undefined ? undefined : headersFor(policy, name)
  if (name !== undefined && headers !== undefined) {
    return withHosts(await hostsOf(context, policy, name, isNamed), port, { rewrite: { name, headers } })
  }
  if (dialled !== undefined && isOpenAddress(policy, dialled.host) && isReachable(dialled.host)) {
    return { hosts: [dialled.host], port: dialled.port }
  }
  return isNamed ? withHosts(await hostsOf(context, policy, name, isNamed), port) : undefined
}

/** Where a name's server is, as far as the policy opens it. A proxy is told the name itself when that is what is open. */
async function hostsOf(
  context: ProxyContext,
  policy: EgressPolicy,
  name: string,
  isNamed: boolean,
): Promise<readonly string[]> {
  if (isNamed && policy.proxy !== undefined) return [name]
  const { dnsServers = [] } = policy
  const resolve = dnsServers.length === 0 ? context.resolve : createResolvePublic(openServers(context, policy))
  const addresses = await resolve(name).catch(() => [])
  return isNamed ? addresses : addresses.filter((address) => isOpenAddress(policy, address))
}

/** The name servers that a policy lists and leaves open: names that it opens are of no use without one, so these open it too. */
export function openServers(context: ProxyContext, policy: EgressPolicy): string[] {
  const isOpen = (server: string): boolean => policy.domains.length > 0 || isOpenAddress(policy, server)
  const isOurs = (server: string): boolean => context.nameservers.includes(server)
  return (policy.dnsServers ?? []).filter((server) => isOpen(server) && (isOurs(server) || isReachable(server)))
}

function withHosts(hosts: readonly string[], port: number, more: Pick<Route, 'rewrite'> = {}): Route | undefined {
  return hosts.length === 0 ? undefined : { hosts, port, ...more }
}
