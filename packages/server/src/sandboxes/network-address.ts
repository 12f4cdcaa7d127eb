import { isIP } from 'node:net'

const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
/** A DNS name, or one below which all names are meant. The last label is never a number, so no address is one. */
const DOMAIN = new RegExp(`^(?:\\*\\.)?(?:${LABEL}\\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$`, 'i')
const MAX_DOMAIN = 253
const MAX_PREFIX: Readonly<Record<number, number>> = { 4: 32, 6: 128 }

/** Whether `text` is an IP address or a block of them, `address/bits`. */
export function isAddressBlock(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const most = MAX_PREFIX[isIP(address)]
  if (most === undefined || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
}

/** Whether `text` is a domain name, or `*.` and one. */
export function isDomainPattern(text: string): boolean {
  return text.length <= MAX_DOMAIN && DOMAIN.test(text)
}

/** The parts of what {@link isHostAndPort} takes. */
export function hostAndPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':')
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) }
}

/** Whether `text` is `host:port`, with an IPv6 host in brackets. */
export function isHostAndPort(text: string): boolean {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  const [, v6, host, port] = match ?? []
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) return false
  if (v6 !== undefined) return isIP(v6) === 6
  return host !== undefined && (isIP(host) === 4 || (isDomainPattern(host) && !host.startsWith('*')))
}
