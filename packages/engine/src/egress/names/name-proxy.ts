import type { Logger } from '@drowse/common'
import type { EgressPolicy } from '../egress-policy.ts'
import type { NameProxyPorts } from '../egress-ruleset.ts'
import { getExtensionData, readTlsClientHello } from 'read-tls-client-hello'
import { openConnectionDoor } from './connection-door.ts'
import { openDnsDoor } from './dns-door.ts'
import { peekHost } from './peek-host.ts'
import type { ProxyContext } from './proxy-context.ts'
import { createResolvePublic } from './resolve-public.ts'

/** What the proxy is made from. */
export interface NameProxyOptions {
  /** The egress policy of the sandbox that has an IPv4 address; undefined for none. */
  policyOf(address: string): EgressPolicy | undefined
  /** Name servers that are asked, `a.b.c.d` or `a.b.c.d:port`. */
  nameservers: readonly string[]
  logger: Logger
}

/** The proxy that opens names: what the firewall redirects arrives at its ports. */
export interface NameProxy extends AsyncDisposable {
  ports: NameProxyPorts
}

/**
 * Starts the proxy for sandboxes whose policy names domains. TLS goes by the server name of its first message and is passed on
 * unread; HTTP goes by the Host of its first request; DNS by the name in question. Whatever has no name, another name, or a name that points
 * into the host's networks is closed.
 */
export async function startNameProxy(options: NameProxyOptions): Promise<NameProxy> {
  const closing = new AbortController()
  const context: ProxyContext = {
    ...options,
    resolve: createResolvePublic(options.nameservers),
    signal: closing.signal,
  }
  await using stack = new AsyncDisposableStack()
  const tls = stack.use(
    await openConnectionDoor(context, {
      peek: async (socket) => getExtensionData(await readTlsClientHello(socket), 'server_name')?.serverName,
      port: 443,
    }),
  )
  const http = stack.use(await openConnectionDoor(context, { peek: peekHost, port: 80 }))
  const dns = stack.use(await openDnsDoor(context))
  const parts = stack.move()
  return {
    ports: { tls: tls.port, http: http.port, dns: dns.port },
    async [Symbol.asyncDispose]() {
      closing.abort()
      await parts[Symbol.asyncDispose]()
    },
  }
}
