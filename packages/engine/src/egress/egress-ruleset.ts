import { checkEgressPolicy, type EgressPolicy } from './egress-policy.ts'
import { mergeNetworks } from './ipv4-networks.ts'
import { networkNames } from '../network/network-names.ts'

/** Ports on the host at which the name-aware proxy takes what is redirected to it. */
export interface NameProxyPorts {
  /** TLS connections that were meant for port 443. */
  tls: number
  /** HTTP connections that were meant for port 80. */
  http: number
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
 * Without `ports` domains open nothing. Throws "invalid_argument" for a malformed network.
 */
export function egressRuleset(
  { instance, slot }: EgressTarget,
  policy: EgressPolicy,
  ports: NameProxyPorts | undefined,
): string {
  checkEgressPolicy(policy)
  const { allow, deny, domains } = policy
  const t = tableOf(instance)
  const link = networkNames(instance).link(slot)
  const hasNames = domains.length > 0 && ports !== undefined
  const exceptAllowed = allow.length === 0 ? [] : [`add rule ${t} names_${slot} ip daddr ${set(allow)} return`]
  return lines([
    ...base(t),
    `add chain ${t} sandbox_${slot}`,
    `flush chain ${t} sandbox_${slot}`,
    ...(allow.length === 0 ? [] : [`add rule ${t} sandbox_${slot} ip daddr ${set(allow)} accept`]),
    ...(deny.length === 0 ? [] : refusals(`add rule ${t} sandbox_${slot} ip daddr ${set(deny)}`)),
    `add element ${t} by_link { "${link}" : jump sandbox_${slot} }`,
    `add chain ${t} names_${slot}`,
    `flush chain ${t} names_${slot}`,
    ...(hasNames
      ? [
          ...exceptAllowed,
          `add rule ${t} names_${slot} tcp dport 443 redirect to :${ports.tls}`,
          `add rule ${t} names_${slot} tcp dport 80 redirect to :${ports.http}`,
          `add rule ${t} names_${slot} meta l4proto { tcp, udp } th dport 53 redirect to :${ports.dns}`,
        ]
      : []),
    `add element ${t} names_by_link { "${link}" : jump names_${slot} }`,
  ])
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
  return [`${rule} meta l4proto tcp reject with tcp reset`, `${rule} reject with icmp type admin-prohibited`]
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
