import type { Socket } from 'node:net'
import type { SocksProxy } from '../egress-policy.ts'
import type { ProxyContext } from './proxy-context.ts'
import { dialThrough } from './dial-through.ts'
import { openSocket } from './open-socket.ts'
import type { Route } from './route.ts'

/** Connects to the first of a route's hosts that can be reached, through `proxy` when there is one and never around it; undefined when none can. */
export async function dial(
  context: ProxyContext,
  proxy: SocksProxy | undefined,
  { hosts, port }: Route,
): Promise<Socket | undefined> {
  for (const host of hosts) {
    const socket =
      proxy === undefined
        ? await openSocket(host, port, context.signal)
        : await dialThrough(context, proxy, { host, port })
    if (socket !== undefined) return socket
  }
  return undefined
}
