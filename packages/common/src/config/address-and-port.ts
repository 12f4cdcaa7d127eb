import { isIPv4 } from 'node:net'

/** Whether `text` is an IPv4 address, or a network of them, with a port: `a.b.c.d:port` or `a.b.c.d/n:port`. */
export function isAddressAndPort(text: string): boolean {
  const [, address = '', bits, port] = /^([\d.]+)(?:\/(\d{1,2}))?:([1-9]\d{0,4})$/.exec(text) ?? []
  return isIPv4(address) && Number(bits ?? 32) <= 32 && Number(port) <= 65_535
}
