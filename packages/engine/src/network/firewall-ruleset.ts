import { isIPv4 } from 'node:net'
import { DrowseError } from '@drowse/protocol'
import { BLOCKED_RANGES } from './blocked-ranges.ts'
import type { NameProxyPorts } from '../egress/egress-ruleset.ts'
import { ANY_INSTANCE_LINK_PATTERN, networkNames } from './network-names.ts'
import { slotCount } from './slot-address.ts'

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
 *
 * Throws "invalid_argument" for a malformed instance name, subnet or name server.
 */
export function firewallRuleset({ instance, sandboxSubnet, nameservers, nameProxy }: FirewallOptions): string {
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
      : `\n    ip daddr { ${nameservers.join(', ')} } meta l4proto { tcp, udp } th dport 53 accept`
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
    accept
  }
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
  return `\n    iifname ${ours} ct status dnat ${toPorts} accept\n    iifname != ${ours} ${toPorts} drop`
}
