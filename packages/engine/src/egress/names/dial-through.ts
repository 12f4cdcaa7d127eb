import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { SocksClient } from 'socks'
import type { SocksProxy } from '../egress-policy.ts'
import { CONNECT_TIMEOUT_MS, openSocket } from './open-socket.ts'
import type { Destination } from './original-destination.ts'
import type { ProxyContext } from './proxy-context.ts'

/**
 * Connects to `destination` through a SOCKS5 proxy; undefined when either cannot be reached or the proxy refuses. The proxy's name is looked up
 * for each connection, and one that points into the host's own networks is not used, unless the operator has named the place. Its errors are dropped: they would carry its password.
 */
export async function dialThrough(
  context: ProxyContext,
  proxy: SocksProxy,
  destination: Destination,
): Promise<Socket | undefined> {
  const addresses = await context.resolveProxy(proxy.host, proxy.port).catch(() => [])
  for (const address of addresses) {
    const plain = await openSocket(address, proxy.port, context.signal)
    if (plain === undefined) continue
    const socket = proxy.tls === undefined ? plain : await secured(plain, proxy)
    if (socket === undefined) continue
    try {
      await SocksClient.createConnection({
        proxy: {
          host: address,
          port: proxy.port,
          type: 5,
          ...(proxy.username === undefined ? {} : { userId: proxy.username, password: proxy.password ?? '' }),
        },
        command: 'connect',
        destination,
        timeout: CONNECT_TIMEOUT_MS,
        existing_socket: socket,
      })
      return socket
    } catch {
      context.logger.debug({ proxy: `${proxy.host}:${proxy.port}`, to: destination }, 'a proxy refused a connection')
      socket.destroy()
    }
  }
  return undefined
}

async function secured(socket: Socket, { host, tls = {} }: SocksProxy): Promise<TLSSocket | undefined> {
  const secure = connectTls({
    socket,
    servername: tls.serverName ?? host,
    host: tls.serverName ?? host,
    minVersion: 'TLSv1.2',
    ...(tls.caCert === undefined ? {} : { ca: tls.caCert }),
  })
  secure.on('error', () => {}) // for its whole life; its end is what counts
  try {
    await once(secure, 'secureConnect', { signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS) })
    return secure
  } catch {
    secure.destroy()
    return undefined
  }
}
