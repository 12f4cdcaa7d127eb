import { once } from 'node:events'
import type { AddressInfo, Server } from 'node:net'
import { isIPv4 } from 'node:net'
import type { Logger } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'

/** How often a free port is looked for that all addresses have free. */
const MAX_PICKS = 20

/** What listens on one address. */
export interface Listener {
  server: Server
}

/** A door that is to listen on several addresses with one port. */
export interface ListenOptions<L extends Listener> {
  addresses: readonly string[]
  /** 0 takes a port that is free on every address. */
  port: number
  /** Setting that changes the port, named in errors. */
  portSetting: string
  makeServer: () => L
  logger: Logger
}

/** Servers that listen, one for each address. */
export interface Listening<L extends Listener> {
  port: number
  servers: L[]
}

/**
 * Listens on every address with the same port. An IPv6 address that this host does not have is left out with a warning, as long as another one works.
 * Throws "setup_failed", with nothing left listening, when an address is not there, or the port is taken or not allowed.
 */
export async function listenOn<L extends Listener>(options: ListenOptions<L>): Promise<Listening<L>> {
  for (let pick = 1; ; pick++) {
    const servers: L[] = []
    try {
      return await listenOnce(options, servers)
    } catch (error) {
      for (const { server } of servers) server.close()
      const isUnlucky = options.port === 0 && (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isUnlucky || pick === MAX_PICKS) throw listenError(error as ListenFailure, options)
    }
  }
}

type Where = Pick<ListenOptions<Listener>, 'addresses' | 'port' | 'portSetting'>

/** What Node's listen fails with. */
type ListenFailure = NodeJS.ErrnoException & { address?: string; port?: number }

async function listenOnce<L extends Listener>(options: ListenOptions<L>, servers: L[]): Promise<Listening<L>> {
  // An IPv6 wildcard takes IPv4 too, unless IPv4 has a server of its own.
  const ipv6Only = options.addresses.some((address) => isIPv4(address))
  let port = options.port
  let left: unknown
  for (const address of options.addresses) {
    const door = options.makeServer()
    const { server } = door
    try {
      server.listen({ host: address, port, ipv6Only })
      await once(server, 'listening')
      servers.push(door)
      port = (server.address() as AddressInfo).port // a TCP server's address is an AddressInfo
    } catch (error) {
      if (!isMissingIpv6(error, address)) throw error
      options.logger.warn({ address }, 'This host has no such IPv6 address: the door listens on the others')
      left = error
    }
  }
  if (servers.length === 0) throw left
  return { port, servers }
}

function isMissingIpv6(error: unknown, address: string): boolean {
  const { code } = error as NodeJS.ErrnoException
  return !isIPv4(address) && (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
}

function listenError(error: ListenFailure, options: Where): DrowseError {
  const address = error.address ?? options.addresses.join(', ')
  const port = error.port ?? options.port
  return new DrowseError('setup_failed', `Cannot listen on ${address} port ${port}: ${reason(error, port, options)}`, {
    cause: error,
    details: { address, port },
  })
}

function reason(error: ListenFailure, port: number, options: Where): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `the port is taken; end the program that has it (\`ss -ltnp 'sport = :${port}'\` shows it) or set another with ${options.portSetting}`
    case 'EACCES':
      return `not allowed; run as root or set a port above 1023 with ${options.portSetting}`
    case 'EADDRNOTAVAIL':
      return 'this host has no such address; set others with DROWSE_BIND'
    default:
      return error.message
  }
}
