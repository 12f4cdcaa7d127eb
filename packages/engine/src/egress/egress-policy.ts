import { isIPv4 } from 'node:net'
import { DrowseError } from '@drowse/protocol'
import { covers, isNetwork } from './ipv4-networks.ts'

/**
 * What one sandbox may reach outside, within what the firewall lets any sandbox reach, and by which way. `allow` goes before `deny`; what
 * neither names is open. It is kept with the sandbox and holds for every run of it. Header values and the proxy's password are secrets of its
 * owner: they never come into the guest, a log or an error.
 */
export interface EgressPolicy {
  /** IPv4 addresses and networks (`a.b.c.d` or `a.b.c.d/n`) that stay open although `deny` covers them. */
  allow: readonly string[]
  /** IPv4 addresses and networks that are closed; `0.0.0.0/0` closes all, name servers too. */
  deny: readonly string[]
  /**
   * Names (`example.com`, or `*.example.com` for all below it) that are open on ports 443 (TLS, by its server name) and 80 (HTTP, by its
   * Host) although `deny` covers their addresses. With any, DNS answers for these names only.
   */
  domains: readonly string[]
  /** Headers that requests to some names get, over HTTP on port 80 and TLS on port 443. They open nothing. */
  headers?: readonly HeaderRule[]
  /** Takes every TCP connection out. While it cannot be reached, none gets out. */
  proxy?: SocksProxy
  /** IPv4 name servers that alone are asked, whichever one the guest asks; none for no DNS. Without, the guest's own question counts. */
  dnsServers?: readonly string[]
}

/** Headers for requests to one name. */
export interface HeaderRule {
  /** `example.com`, or `*.example.com` for all below it. */
  domain: string
  /** In the order in which they are set; one that is there already is replaced. */
  headers: Readonly<Record<string, string>>
}

/** A SOCKS5 proxy (RFC 1928), with credentials by RFC 1929. */
export interface SocksProxy {
  host: string
  port: number
  username?: string
  password?: string
  /** The way to the proxy itself is TLS 1.2 or newer, verified by `caCert` (PEM), or by what the system trusts, for `serverName` or `host`. */
  tls?: { serverName?: string; caCert?: string }
}

/** Checks what becomes part of an nftables rule. Throws "invalid_argument" for anything but IPv4 addresses and networks. */
export function checkEgressPolicy({ allow, deny, dnsServers = [] }: EgressPolicy): void {
  for (const network of [...allow, ...deny]) {
    if (!isNetwork(network)) {
      throw new DrowseError('invalid_argument', `Cannot use "${network}" as a network: want a.b.c.d or a.b.c.d/n`)
    }
  }
  for (const server of dnsServers) {
    if (!isIPv4(server)) {
      throw new DrowseError('invalid_argument', `Cannot use "${server}" as a name server: want an IPv4 address`)
    }
  }
}

/** Whether a policy leaves an IPv4 address open; names and the firewall apart. */
export function isOpenAddress({ allow, deny }: EgressPolicy, address: string): boolean {
  return covers(allow, address) || !covers(deny, address)
}

/** Whether a sandbox with this policy has to trust the installation's egress authority, which speaks TLS for the names with headers. */
export function needsAuthority(policy: EgressPolicy | undefined): boolean {
  return policy?.headers !== undefined && policy.headers.length > 0
}
