import { checkEgressPolicy, type EgressPolicy } from './egress-policy.ts'
import { mergeNetworks } from './ipv4-networks.ts'
import { BLOCKED_RANGES } from '../network/blocked-ranges.ts'
import { networkNames } from '../network/network-names.ts'

/** Ports on the host at which the name-aware proxy takes what is redirected to it. */
export interface NameProxyPorts {
  /** TLS connections that were meant for port 443. */
  tls: number
  /** HTTP connections that were meant for port 80. */
  http: number
  /** Other TCP connections, of sandboxes that have a proxy of their own. */
  any: number
  /** DNS questions over UDP and TCP that were meant for port 53. */
  dns: number
}

/** Whose rules are written. */
export interface EgressTarget {
  /** Short name of the installation, `[a-z0-9]{1,6}`. */
  instance: string
  slot: number
}

/**
 * Writes the nftables transaction that puts `policy` in force for one sandbox, replacing what was there for its slot.
 *
 * The rules have a table of their own, which no start of the service replaces, so that they hold without a gap while sandboxes outlive it.
 * They only take away: the firewall's table judges what they let through. Each packet is judged, so that a new rule also ends old connections.
 * Without `ports` domains open nothing, and what would have to pass the proxy is closed. Throws "invalid_argument" for a malformed network.
 */
export function egressRuleset(
  { instance, slot }: EgressTarget,
  policy: EgressPolicy,
  ports: NameProxyPorts | undefined,
): string {
  checkEgressPolicy(policy)
  const { allow, deny } = policy
  const t = tableOf(instance)
  const link = networkNames(instance).link(slot)
  const [judged, redirected] = [`add rule ${t} sandbox_${slot}`, `add rule ${t} names_${slot}`]
  return lines([
    ...base(t),
    `add chain ${t} sandbox_${slot}`,
    `flush chain ${t} sandbox_${slot}`,
    ...(policy.dnsServers === undefined ? [] : refusals(`${judged} ${DNS}`)),
    ...mustPassProxy(policy).flatMap((match) => refusals(`${judged} ${match}`)),
    ...(allow.length === 0 ? [] : [`${judged} ip daddr ${set(allow)} accept`]),
    ...(deny.length === 0 ? [] : refusals(`${judged} ip daddr ${set(deny)}`)),
    `add element ${t} by_link { "${link}" : jump sandbox_${slot} }`,
    `add chain ${t} names_${slot}`,
    `flush chain ${t} names_${slot}`,
    ...(ports === undefined ? [] : redirections(policy, ports).map((rule) => `${redirected} ${rule}`)),
    `add element ${t} names_by_link { "${link}" : jump names_${slot} }`,
  ])
}

const DNS = 'meta l4proto { tcp, udp } th dport 53'
const TCP = 'meta l4proto tcp'

/**
 * What the proxy takes. Name servers that the policy lists come first; then, of what is open, TCP that needs a proxy; then, of what is closed,
 * the ports on which names open it. What the firewall drops, and the host itself, is left to the firewall.
 */
function redirections(policy: EgressPolicy, ports: NameProxyPorts): string[] {
  const { allow, deny, domains, headers = [], proxy, dnsServers = [] } = policy
  const byName = [`tcp dport 443 redirect to :${ports.tls}`, `tcp dport 80 redirect to :${ports.http}`]
  const open = [
    ...(headers.length > 0 ? byName : []),
    ...(proxy === undefined ? [] : [`${TCP} redirect to :${ports.any}`]),
  ]
  // Destinations that no sandbox reaches have no way through the proxy either; the proxy looks once more.
  const outside = `ip daddr != ${set(BLOCKED_RANGES)} fib daddr type != local`
  const whenOpen = (match: string): string[] => [
    ...open.map((rule) => `${match}${outside} ${rule}`),
    ...(match === '' ? [] : [`${match}return`]),
  ]
  const names = domains.length === 0 ? [] : [...byName, `${DNS} redirect to :${ports.dns}`]
  return [
    ...(dnsServers.length === 0 ? [] : [`${DNS} redirect to :${ports.dns}`]),
    ...(allow.length === 0 ? [] : whenOpen(`ip daddr ${set(allow)} `)),
    ...(deny.length === 0
      ? names
      : [...names.map((rule) => `ip daddr ${set(deny)} ${rule}`), `ip daddr ${set(deny)} return`]),
    ...whenOpen(''),
  ]
}

/** What never leaves by itself: new connections are redirected, those from before the policy end here. Private name servers are left. */
function mustPassProxy({ proxy }: EgressPolicy): string[] {
  return proxy === undefined ? [] : [`ip daddr != ${set(BLOCKED_RANGES)} ${TCP}`]
}

/** Writes the nftables transaction that leaves nothing of a slot's rules. Right also where there are none. */
export function noEgressRuleset({ instance, slot }: EgressTarget): string {
  const t = tableOf(instance)
  const link = networkNames(instance).link(slot)
  // What may not exist is added before it is deleted: nftables of Debian 12 has no deletion that passes over what is missing.
  return lines([
    ...base(t),
    ...[
      ['by_link', `sandbox_${slot}`],
      ['names_by_link', `names_${slot}`],
    ].flatMap(([map, chain]) => [
      `add chain ${t} ${chain}`,
      `add element ${t} ${map} { "${link}" : jump ${chain} }`,
      `delete element ${t} ${map} { "${link}" }`,
      `flush chain ${t} ${chain}`,
      `delete chain ${t} ${chain}`,
    ]),
  ])
}

/** Writes the nftables transaction that removes the rules of all sandboxes of an installation. */
export function dropEgressRuleset(instance: string): string {
  const t = tableOf(instance)
  return lines([`add table ${t}`, `delete table ${t}`])
}

/** A refusal at once instead of a timeout: the program inside can say what is wrong, and a connection that was open before ends. */
function refusals(rule: string): string[] {
  if (rule.endsWith(TCP)) return [`${rule} reject with tcp reset`]
  return [`${rule} ${TCP} reject with tcp reset`, `${rule} reject with icmp type admin-prohibited`]
}

function base(t: string): string[] {
  return [
    `add table ${t}`,
    `add map ${t} by_link { type ifname : verdict ; }`,
    `add map ${t} names_by_link { type ifname : verdict ; }`,
    // Before the firewall's own chain at "filter".
    `add chain ${t} forward { type filter hook forward priority filter - 1 ; policy accept ; }`,
    `flush chain ${t} forward`,
    `add rule ${t} forward iifname vmap @by_link`,
    `add chain ${t} prerouting { type nat hook prerouting priority dstnat ; policy accept ; }`,
    `flush chain ${t} prerouting`,
    `add rule ${t} prerouting iifname vmap @names_by_link`,
  ]
}

function tableOf(instance: string): string {
  return `inet ${networkNames(instance).table}_egress`
}

/** An anonymous set; overlapping networks are merged, which nftables refuses to do by itself there. */
function set(networks: readonly string[]): string {
  return `{ ${mergeNetworks(networks).join(', ')} }`
}

function lines(commands: readonly string[]): string {
  return `${commands.join('\n')}\n`
}
