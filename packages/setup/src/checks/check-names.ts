import { lookup } from 'node:dns/promises'
import type { SetupContext } from '../context.ts'
import type { Finding } from './finding.ts'

/** Checks that the name of a sandbox's port leads to this host. */
export async function checkNames({ config }: SetupContext): Promise<Finding> {
  const name = 'names'
  const host = `3000-example.${config.domain}`
  const addresses = await lookup(host, { all: true }).catch(() => [])
  if (addresses.length > 0) {
    return { name, status: 'ok', detail: `${host} is ${addresses.map(({ address }) => address).join(' and ')}` }
  }
  return {
    name,
    status: 'warn',
    detail: `${host} has no address: getHost() urls open in browsers only`,
    fix: config.domain.endsWith('.localhost')
      ? 'Install libnss-myhostname ("sudo ./drowse up" does) and see that "myhostname" is in the hosts line of /etc/nsswitch.conf.'
      : `Add a wildcard DNS entry for *.${config.domain}.`,
  }
}
