import { firewallRuleset, type FirewallOptions } from './firewall-ruleset.ts'
import { removeEgress } from '../egress/egress.ts'
import { networkNames } from './network-names.ts'
import { runNft } from './nft.ts'

/**
 * Installs, or replaces in one transaction, the installation's nftables table (see {@link firewallRuleset}).
 * Needs IP forwarding to be on for sandboxes to reach anything. It cannot lift a drop that another table makes:
 * on a host whose `filter` table drops forwarded packets by policy (Docker's), the administrator has to accept
 * the links `dw<instance>-*` there, in the chain DOCKER-USER.
 */
export async function installFirewall(options: FirewallOptions): Promise<void> {
  await runNft(firewallRuleset(options))
}

/** Removes the installation's nftables table and the egress rules of its sandboxes. Idempotent. */
export async function removeFirewall({ instance }: Pick<FirewallOptions, 'instance'>): Promise<void> {
  const { table } = networkNames(instance)
  await removeEgress(instance)
  await runNft(`table inet ${table}\ndelete table inet ${table}\n`)
}
