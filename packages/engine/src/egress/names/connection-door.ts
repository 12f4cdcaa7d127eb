import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { domainsOf, type ProxyContext } from './proxy-context.ts'
import { relay } from './relay.ts'

/** Time, in ms, that a connection has to say what it wants. */
const HELLO_TIMEOUT_MS = 10_000
/** Connections of all sandboxes at one door; those beyond are closed at once. */
const MAX_CONNECTIONS = 4_096

/** A listening part of the proxy. */
export interface Door extends AsyncDisposable {
  port: number
}

/** How a door finds out what a connection wants to reach, and on which port that is. */
export interface DoorKind {
  /** Reads the name and puts what it read back. May throw for what it does not understand. */
  peek(socket: Socket): Promise<string | undefined>
  port: number
}

/** Opens a door for TCP connections that were redirected on their way to `kind.port`. Listens on every address: the firewall keeps others out. */
export async function openConnectionDoor(context: ProxyContext, kind: DoorKind): Promise<Door> {
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {}) // its end is what counts, and "close" tells that
    serve(context, kind, socket).catch((error: unknown) => {
      socket.destroy()
      context.logger.debug({ err: error, from: socket.remoteAddress }, 'a connection out could not be served')
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  return {
    port: await listen(server),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function serve(context: ProxyContext, kind: DoorKind, socket: Socket): Promise<void> {
  const domains = domainsOf(context, socket.remoteAddress)
  if (domains === undefined) {
    socket.destroy()
    return
  }
  const timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS)
  const name = await kind.peek(socket).finally(() => clearTimeout(timer))
  await relay(context, domains, { socket, name, port: kind.port })
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '0.0.0.0', port: 0 }, () => resolve())
  })
  return (server.address() as AddressInfo).port // it listens on TCP
}
