import { createServer, type Socket } from 'node:net'
import { listenTcp, type Door } from './listen-tcp.ts'
import { domainsOf, type ProxyContext } from './proxy-context.ts'
import { relay } from './relay.ts'

/** Time, in ms, that a connection has to say what it wants. */
const HELLO_TIMEOUT_MS = 10_000
/** Connections of all sandboxes at one door; those beyond are closed at once. */
const MAX_CONNECTIONS = 4_096

/** How a door finds out what a connection wants to reach, and on which port that is. */
export interface DoorKind {
  /** Reads the name and puts what it read back. May throw for what it does not understand. */
  peek(socket: Socket): Promise<string | undefined>
  port: number
}

/** Opens a door for TCP connections that were redirected on their way to `kind.port`. */
export async function openConnectionDoor(context: ProxyContext, kind: DoorKind): Promise<Door> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    serve(context, kind, socket).catch((error: unknown) => {
      socket.destroy()
      context.logger.debug({ err: error, from: socket.remoteAddress }, 'a connection out could not be served')
    })
  })
  server.maxConnections = MAX_CONNECTIONS
  return await listenTcp(server)
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
