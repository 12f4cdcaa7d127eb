import { BlockList } from 'node:net'
import { networkInterfaces } from 'node:os'
import { BLOCKED_RANGES } from '../../network/blocked-ranges.ts'

const blocked = new BlockList()
for (const range of BLOCKED_RANGES) {
  const [network = '', length] = range.split('/')
  blocked.addSubnet(network, Number(length), 'ipv4')
}

/** Time, in ms, for which the host's own addresses are believed: to list them takes longer with each sandbox. */
const OWN_MS = 5_000
let own: { addresses: ReadonlySet<string>; sinceMs: number } | undefined

/**
 * Whether the proxy may connect to an IPv4 address for a sandbox: none that the firewall closes to sandboxes, and none of this host. It has to ask,
 * as its connections come from the host, which the firewall does not stop.
 */
export function isReachable(address: string): boolean {
  if (blocked.check(address, 'ipv4')) return false
  return !ownAddresses().has(address)
}

function ownAddresses(): ReadonlySet<string> {
  if (own === undefined || Date.now() - own.sinceMs > OWN_MS) {
    const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
    own = { addresses: new Set(addresses), sinceMs: Date.now() }
  }
  return own.addresses
}
