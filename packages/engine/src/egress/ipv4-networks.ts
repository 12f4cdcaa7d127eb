import { isIPv4 } from 'node:net'

/** Whether `text` is an IPv4 address or network, `a.b.c.d` or `a.b.c.d/n`. */
export function isNetwork(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  if (!isIPv4(address) || rest.length > 0) return false
  return length === undefined || (/^\d{1,2}$/.test(length) && Number(length) <= 32)
}

/** Whether one of the networks has an IPv4 address. */
export function covers(networks: readonly string[], address: string): boolean {
  const { first } = parse(address)
  return networks.map(parse).some((network) => network.first <= first && first <= network.last)
}

/** Leaves out networks that another one covers. */
export function mergeNetworks(networks: readonly string[]): string[] {
  const parsed = networks.map(parse).sort((a, b) => a.first - b.first || b.last - a.last)
  const kept: typeof parsed = []
  for (const network of parsed) {
    if (network.last > (kept.at(-1)?.last ?? -1)) kept.push(network)
  }
  return kept.map(({ text }) => text)
}

function parse(network: string): { first: number; last: number; text: string } {
  const [address = '', length = '32'] = network.split('/')
  const size = 2 ** (32 - Number(length))
  const value = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
  const first = value - (value % size)
  return { first, last: first + size - 1, text: network }
}
