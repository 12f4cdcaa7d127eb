import type { Config } from '@drowse/common'

/** Where a person on this host reaches the service. */
export interface ServiceAddresses {
  /** The plain http door, without a slash at the end. */
  http: string
  /** The API at the https door. */
  https: string
  /** Name and port that sandbox urls end in. */
  domain: string
}

/** Addresses of a service that listens on the given ports. */
export function serviceAddresses(
  config: Pick<Config, 'bindAddresses' | 'domain'>,
  ports: { httpPort: number; httpsPort: number },
): ServiceAddresses {
  const domain = ports.httpsPort === 443 ? config.domain : `${config.domain}:${ports.httpsPort}`
  return {
    http: `http://${reachableHost(config.bindAddresses)}:${ports.httpPort}`,
    https: `https://api.${domain}`,
    domain,
  }
}

/** Address by which this host reaches a door; IPv6 in brackets. */
export function reachableHost(addresses: readonly string[]): string {
  if (addresses.some((address) => address === '127.0.0.1' || address === '0.0.0.0')) return '127.0.0.1'
  const [first = '127.0.0.1'] = addresses
  if (first === '::') return '[::1]'
  return first.includes(':') ? `[${first}]` : first
}
