import { createServer, type Socket } from 'node:net'
import { dial } from './dial.ts'
import { listenTcp, type Door } from './listen-tcp.ts'
import { originalDestination } from './original-destination.ts'
import type { ProxyContext } from './proxy-context.ts'
import { relay } from './relay.ts'
import type { RequestRewriter } from './rewrite/request-rewriter.ts'
import { serveRewritten } from './rewrite/serve-rewritten.ts'
import { findRoute } from './route.ts'

/** Time, in ms, that a connection has to say what it wants. */
const HELLO_TIMEOUT_MS = 10_000
/** Connections of all sandboxes at one door; those beyond are closed at once. */
const MAX_CONNECTIONS = 16_384

/** How a door finds out what a connection wants to reach, and on which port that is. */
export interface DoorKind {
  /** Reads the name and puts what it read back. May throw for what it does not understand, and has put that back too. */
  peek(socket: Socket): Promise<string | undefined>
  port: number
  /** Passes on requests that get headers; without it none do. */
  rewriter?: RequestRewriter
  /** Whether it is TLS that arrives. */
  isSecure: boolean
}

/** Opens a door for TCP connections that were redirected on their way out. */
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
  const from = socket.remoteAddress?.replace(/^::ffff:/, '')
  // Known before its policy is read: a policy that changes from here on ends it.
  const isTaken = from !== undefined && context.connections.add(from, socket)
  const policy = isTaken ? context.policyOf(from) : undefined
  if (policy === undefined) {
    socket.destroy()
    return
  }
  const dialled = await originalDestination(socket)
  const name = await nameOf(kind, socket)
  const route = await findRoute(context, policy, { name, dialled, port: kind.port })
  if (route === undefined || socket.destroyed) {
    socket.destroy()
    return
  }
  const open = async (): Promise<Socket | undefined> => await dial(context, policy.proxy, route)
  if (route.rewrite !== undefined && kind.rewriter !== undefined) {
    await serveRewritten(context, kind.rewriter, socket, { ...route.rewrite, isSecure: kind.isSecure, open })
    return
  }
  const upstream = await open()
  if (upstream === undefined) socket.destroy()
  else await relay(socket, upstream)
}

/** What is no message of the door's kind has no name. */
async function nameOf(kind: DoorKind, socket: Socket): Promise<string | undefined> {
  const timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS)
  try {
    return await kind.peek(socket)
  } catch {
    return undefined
  } finally {
    clearTimeout(timer)
  }
}
