import { isIPv4 } from 'node:net'
import { DrowseError } from '@drowse/protocol'
import { BLOCKED_RANGES } from './blocked-ranges.ts'
import type { NameProxyPorts } from '../egress/egress-ruleset.ts'
import { ANY_INSTANCE_LINK_PATTERN, networkNames } from './network-names.ts'
import { slotCount } from './slot-address.ts'

/** Sandboxes that are counted apart; the largest subnet has room for this many. */
const MAX_SANDBOXES = 262_144
const BYTES_PER_MBIT = 125_000
/** What passes at once after a rest, beside a second of the rate, in bytes: a packet that the kernel has put together has up to 64 KiB. */
const BURST_BYTES = 262_144

/** What the firewall of one installation depends on. */
export interface FirewallOptions {
  /** Short name of the installation, `[a-z0-9]{1,6}`. */
  instance: string
  /** Network that sandbox addresses come from, `a.b.c.d/n`. */
  sandboxSubnet: string
  /** IPv4 name servers that sandboxes may ask on port 53 even when they are in a blocked range. */
  nameservers: readonly string[]
  /** Where the name-aware proxy listens; sandboxes whose policy names domains are redirected there. */
  nameProxy?: NameProxyPorts
  /** Bounds for each sandbox by itself, in force with the table: a link that is made later is under them from its first packet. */
  limits?: OutgoingLimits
}

/** What one sandbox may take of the way out; connections that reach into it do not count. 0 sets no bound. */
export interface OutgoingLimits {
  /** Connections out, UDP's included, at the same time; one more is refused at once. */
  connections: number
  /** Of these connections, in each direction, in Mbit/s; packets above are dropped, by which TCP finds its speed. */
  bandwidthMbit: number
}

/**
 * Writes the nftables transaction that replaces the installation's table.
 *
 * - Spoofed sources are dropped before anything else (reverse path over the same link), and so is all IPv6.
 * - To the host itself a sandbox may only answer; it reaches no service of the host on any address, and the name-aware proxy only by redirection.
 * - Through the host it reaches public addresses and the given name servers, never blocked ranges or another sandbox.
 * - Into a sandbox only answers are forwarded; the host's root connects directly, and none of its other users: they would get around the
 *   gateway's tokens, and at sandboxes that wait for their owner.
 * - What leaves is masqueraded.
 * - Each sandbox has its own count of connections and bytes, after spoofed sources are gone: none can use up another's.
 *
 * Throws "invalid_argument" for a malformed instance name, subnet or name server.
 */
export function firewallRuleset({
  instance,
  sandboxSubnet,
  nameservers,
  nameProxy,
  limits = { connections: 0, bandwidthMbit: 0 },
}: FirewallOptions): string {
  slotCount(sandboxSubnet) // checks the shape: what is not a subnet must not become a rule
  for (const address of nameservers) {
    if (!isIPv4(address)) {
      throw new DrowseError('invalid_argument', `Cannot allow name server "${address}": want an IPv4 address`)
    }
  }
  const { linkPattern, table } = networkNames(instance)
  const ours = `"${linkPattern}"`
  const dns =
    nameservers.length === 0
      ? ''
      : `\n    ip daddr { ${nameservers.join(', ')} } meta l4proto { tcp, udp } th dport 53 goto counted`
  const toProxy = nameProxy === undefined ? '' : proxyRules(ours, nameProxy)
  // Declaring the table before deleting it makes the deletion succeed on a first install too.
  return `table inet ${table}
delete table inet ${table}
table inet ${table} {
  chain antispoof {
    type filter hook prerouting priority raw; policy accept;
    iifname ${ours} meta nfproto ipv6 drop
    iifname ${ours} fib saddr . iif oif missing drop
  }
  chain input {
    type filter hook input priority filter; policy accept;
    iifname ${ours} ct state established,related accept${toProxy}
    iifname ${ours} drop
  }
  chain output {
    type filter hook output priority filter; policy accept;
    oifname ${ours} meta skuid != 0 reject
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${ours} jump from_sandbox
    oifname ${ours} ct state established,related accept
    oifname ${ours} drop
  }
  chain from_sandbox {
    oifname "${ANY_INSTANCE_LINK_PATTERN}" drop
    ct state established,related accept${dns}
    ip daddr { ${BLOCKED_RANGES.join(', ')} } drop
    goto counted
  }${countingChains(limits)}${bandwidthChains(ours, limits)}
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    oifname ${ours} return
    ip saddr ${sandboxSubnet} masquerade
  }
}
`
}

/** Only what was redirected gets to the proxy, and nobody but a sandbox. */
function proxyRules(ours: string, { tls, http, any, dns }: NameProxyPorts): string {
  const toPorts = `meta l4proto { tcp, udp } th dport { ${tls}, ${http}, ${any}, ${dns} }`
  return `\n    iifname ${ours} ct status dnat ${toPorts} goto counted\n    iifname != ${ours} ${toPorts} drop`
}

/** Where a new connection out is let through, or is one too many. */
function countingChains({ connections }: OutgoingLimits): string {
  if (connections === 0) return '\n  chain counted {\n    accept\n  }'
  return `
  set connections {
    type ipv4_addr
    flags dynamic
    size ${MAX_SANDBOXES}
  }
  chain counted {
    ct state new add @connections { ip saddr ct count over ${connections} } goto too_many
    accept
  }
  chain too_many {
    meta l4proto tcp reject with tcp reset
    reject with icmp type admin-prohibited
  }`
}

/** The direction of a connection tells what a sandbox began from what reached into it. */
function bandwidthChains(ours: string, { bandwidthMbit }: OutgoingLimits): string {
  if (bandwidthMbit === 0) return ''
  const rate = Math.round(bandwidthMbit * BYTES_PER_MBIT)
  const over = `limit rate over ${rate} bytes/second burst ${BURST_BYTES} bytes`
  const set = (name: string): string => `
  set ${name} {
    type ipv4_addr
    flags dynamic,timeout
    timeout 1h
    size ${MAX_SANDBOXES}
  }`
  return `${set('sent')}${set('received')}
  chain limit_sent {
    type filter hook prerouting priority mangle; policy accept;
    iifname ${ours} ct direction original update @sent { ip saddr ${over} } drop
  }
  chain limit_received {
    type filter hook postrouting priority mangle; policy accept;
    oifname ${ours} ct direction reply update @received { ip daddr ${over} } drop
  }`
}
