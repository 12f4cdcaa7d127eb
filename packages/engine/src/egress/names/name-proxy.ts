import type { Socket } from 'node:net'
import type { Logger } from '@drowse/common'
import type { EgressAuthority } from '../authority/egress-authority.ts'
import type { EgressPolicy } from '../egress-policy.ts'
import type { NameProxyPorts } from '../egress-ruleset.ts'
import { getExtensionData, readTlsClientHello } from 'read-tls-client-hello'
import { openConnectionDoor, type DoorKind } from './connection-door.ts'
import { openDnsDoor } from './dns-door.ts'
import type { Door } from './listen-tcp.ts'
import { OpenConnections } from './open-connections.ts'
import { peekHost } from './peek-host.ts'
import type { ProxyContext } from './proxy-context.ts'
import { createResolveProxy } from './resolve-proxy.ts'
import { createLookup, createResolvePublic } from './resolve-public.ts'
import { RequestRewriter } from './rewrite/request-rewriter.ts'

/** What the proxy is made from. */
export interface NameProxyOptions {
  /** The egress policy of the sandbox that has an IPv4 address; undefined for none. */
  policyOf(address: string): EgressPolicy | undefined
  /** Name servers that are asked, `a.b.c.d` or `a.b.c.d:port`. */
  nameservers: readonly string[]
  /** Where proxies of sandboxes' owners may be besides public addresses: `a.b.c.d:port` or `a.b.c.d/n:port`. */
  proxyPlaces?: readonly string[]
  authority: EgressAuthority
  /** More authorities (PEM) by which servers are verified whose requests get headers. */
  upstreamCa?: string | undefined
  logger: Logger
}

/** The proxy that opens names: what the firewall redirects arrives at its ports. */
export interface NameProxy extends AsyncDisposable {
  ports: NameProxyPorts
  /** Closes what the sandbox with an address has open, because its policy has changed or it is gone. */
  endConnections(address: string): void
}

/**
 * Starts the proxy for what the firewall redirects. TLS goes by the server name of its first message and is passed on
 * unread; HTTP goes by the Host of its first request; DNS by the name in question; what goes by no name goes where it was dialled, if that is
 * open. Whatever else, and a name that points into the host's networks, is closed. Requests to names with headers are read, and get them.
 */
export async function startNameProxy(options: NameProxyOptions): Promise<NameProxy> {
  const closing = new AbortController()
  const context: ProxyContext = {
    ...options,
    upstreamCa: options.upstreamCa,
    resolve: createResolvePublic(options.nameservers),
    resolveProxy: createResolveProxy(createLookup(options.nameservers), options.proxyPlaces ?? []),
    connections: new OpenConnections(),
    signal: closing.signal,
  }
  await using stack = new AsyncDisposableStack()
  const rewriter = stack.use(new RequestRewriter(options.logger))
  const door = async (kind: DoorKind): Promise<Door> => stack.use(await openConnectionDoor(context, kind))
  const tls = await door({ peek: peekServerName, port: 443, rewriter, isSecure: true })
  const http = await door({ peek: peekHost, port: 80, rewriter, isSecure: false })
  const any = await door({ peek: async () => undefined, port: 0, isSecure: false })
  const dns = stack.use(await openDnsDoor(context))
  const parts = stack.move()
  return {
    ports: { tls: tls.port, http: http.port, any: any.port, dns: dns.port },
    endConnections: (address) => context.connections.end(address),
    async [Symbol.asyncDispose]() {
      closing.abort()
      await parts[Symbol.asyncDispose]()
    },
  }
}

async function peekServerName(socket: Socket): Promise<string | undefined> {
  return getExtensionData(await readTlsClientHello(socket), 'server_name')?.serverName
}
