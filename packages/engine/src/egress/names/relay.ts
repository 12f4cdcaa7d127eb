import { connect, type Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { matchesDomain } from './matches-domain.ts'
import type { ProxyContext } from './proxy-context.ts'

/** Time, in ms, for a connection to the server that a sandbox wants. */
const CONNECT_TIMEOUT_MS = 15_000
/** Silence, in ms, after which the kernel checks that the other end is still there. */
const KEEPALIVE_MS = 60_000

/** A connection of a sandbox, and what it says that it wants to reach. */
export interface Wanted {
  socket: Socket
  /** Undefined when it does not say. */
  name: string | undefined
  port: number
}

/** Connects a sandbox with the server that it names when its policy opens that name, and copies both ways; anything else is closed. */
export async function relay(context: ProxyContext, domains: readonly string[], wanted: Wanted): Promise<void> {
  const { socket, name, port } = wanted
  if (name === undefined || !matchesDomain(name, domains)) {
    socket.destroy()
    return
  }
  const upstream = await reach(context, name, port)
  if (upstream === undefined || socket.destroyed) {
    upstream?.destroy()
    socket.destroy()
    return
  }
  for (const end of [socket, upstream]) end.setKeepAlive(true, KEEPALIVE_MS).setNoDelay(true)
  // A side that ends early is the other's end too; how it ended is told to nobody, as the sandbox sees its connection close.
  await Promise.allSettled([pipeline(socket, upstream), pipeline(upstream, socket)])
}

/** Tries the addresses of a name one after the other. */
async function reach(context: ProxyContext, name: string, port: number): Promise<Socket | undefined> {
  const addresses = await context.resolve(name).catch(() => [])
  for (const host of addresses) {
    const socket = await open(host, port, context.signal)
    if (socket !== undefined) return socket
  }
  return undefined
}

async function open(host: string, port: number, signal: AbortSignal): Promise<Socket | undefined> {
  const socket = connect({ host, port, allowHalfOpen: true, signal })
  return await new Promise((resolve) => {
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('connect', () => resolve(socket.setTimeout(0)))
    // Stays for the life of the socket: what comes later is the pipelines' to handle.
    socket.on('error', () => resolve(undefined))
  })
}
