import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'

/** Where a host says which name servers it uses; with systemd-resolved the first names its upstream servers. */
const SOURCES = ['/run/systemd/resolve/resolv.conf', '/etc/resolv.conf'] as const
/** Used when the host names none that a sandbox could reach. */
const PUBLIC_SERVERS = ['1.1.1.1', '8.8.8.8'] as const
/** More than this many are ignored by every resolver. */
const MAX_SERVERS = 3

/** Name servers for sandboxes: the host's own, but for those on loopback, else public ones. */
export async function hostNameservers(sources: readonly string[] = SOURCES): Promise<string[]> {
  for (const path of sources) {
    const found = parseNameservers(await readFile(path, 'utf8').catch(() => ''))
    if (found.length > 0) return found
  }
  return [...PUBLIC_SERVERS]
}

/** The IPv4 name servers that a resolv.conf names and that can be reached from elsewhere than the host itself. */
export function parseNameservers(text: string): string[] {
  return text
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1])
    .filter((address) => address !== undefined && isIPv4(address) && !/^(127|0)\./.test(address))
    .slice(0, MAX_SERVERS) as string[] // undefined was filtered out
}
