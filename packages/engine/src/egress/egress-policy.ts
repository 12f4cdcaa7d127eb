import { DrowseError } from '@drowse/protocol'
import { isNetwork } from './ipv4-networks.ts'

/**
 * What one sandbox may reach outside, within what the firewall lets any sandbox reach. `allow` goes before `deny`; what neither names is
 * open. It is kept with the sandbox and holds for every run of it.
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
}

/** Checks what becomes part of an nftables rule. Throws "invalid_argument" for anything but IPv4 addresses and networks. */
export function checkEgressPolicy({ allow, deny }: EgressPolicy): void {
  for (const network of [...allow, ...deny]) {
    if (!isNetwork(network)) {
      throw new DrowseError('invalid_argument', `Cannot use "${network}" as a network: want a.b.c.d or a.b.c.d/n`)
    }
  }
}
