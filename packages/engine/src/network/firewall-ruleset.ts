import { isIPv4 } from 'node:net'
import { DrowseError } from '@drowse/protocol'
import { ANY_INSTANCE_LINK_PATTERN, networkNames } from './network-names.ts'
import { slotCount } from './slot-address.ts'

/**
 * Destinations that no sandbox may reach through the host: this host and network ("this", loopback), private and carrier
 * ranges, link-local (cloud metadata), protocol assignments, benchmarking, multicast, reserved and broadcast (RFC 6890).
 * Documentation ranges are left out: nobody routes them, and tests play the internet with one.
 */
const BLOCKED_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** What the firewall of one installation depends on. */
export interface FirewallOptions {
  /** Short name of the installation, `[a-z0-9]{1,6}`. */
  instance: string
  /** Network that sandbox addresses come from, `a.b.c.d/n`. */
  sandboxSubnet: string
  /** IPv4 name servers that sandboxes may ask on port 53 even when they are in a blocked range. */
  nameservers: readonly string[]
}

/**
 * Writes the nftables transaction that replaces the installation's table.
 *
 * - Spoofed sources are dropped before anything else (reverse path over the same link), and so is all IPv6.
 * - To the host itself a sandbox may only answer; it reaches no service of the host on any address.
 * - Through the host it reaches public addresses and the given name servers, never blocked ranges or another sandbox.
 * - Into a sandbox only answers are forwarded; the host itself connects directly.
 * - What leaves is masqueraded.
 *
 * Throws "invalid_argument" for a malformed instance name, subnet or name server.
 */
export function firewallRuleset({ instance, sandboxSubnet, nameservers }: FirewallOptions): string {
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
    iifname ${ours} ct state established,related accept
    iifname ${ours} drop
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
