import { networkInterfaces } from 'node:os'

/** Every address that this host has, on whatever link. Those of links alone carry no zone, which an address from elsewhere has no use for. */
export function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address))
}

/** Addresses of all sandboxes of the installation whose network is `subnet`, those made ahead included: each is the one behind the host's end of its link. */
export function sandboxAddresses(subnet: string): string[] {
  const prefix = subnet.split('.').slice(0, 2).join('.')
  return hostAddresses()
    .filter((address) => address.startsWith(`${prefix}.`))
    .map((address) => {
      const octets = address.split('.').map(Number)
      return [...octets.slice(0, 3), (octets[3] ?? 0) + 1].join('.')
    })
}
