import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { DrowseError, TUNNEL_PATH, TUNNEL_PROTOCOL } from '@drowse/protocol'

/** Loopback addresses that a server may listen on alone. */
const ADDRESSES = ['127.0.0.1', '::1']

/** Whether a request asks for a way to a port of the guest's loopback. */
export function isTunnel(request: IncomingMessage): boolean {
  return request.headers.upgrade === TUNNEL_PROTOCOL && request.url?.split('?', 1)[0] === TUNNEL_PATH
}

/** Joins connections of the gateway to servers that listen on the guest's loopback alone. */
export class Tunnels {
  readonly #open = new Set<Duplex>()

  /**
   * Connects `client` to the port that the request's query names, and passes bytes both ways from then on. It is answered 101 once
   * the connection is there, else 502, or the status of what `authorize` throws.
   */
  async open(request: IncomingMessage, client: Duplex, authorize: () => void): Promise<void> {
    client.on('error', () => client.destroy())
    try {
      authorize()
      const port = Number(new URL(request.url ?? '', 'http://guest').searchParams.get('port'))
      const server = await connectLoopback(port, request.socket.localPort)
      if (client.destroyed) return void server.destroy()
      client.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${TUNNEL_PROTOCOL}\r\n\r\n`)
      this.#join(client, server)
    } catch (error) {
      const status = error instanceof DrowseError ? error.status : 502
      client.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    }
  }

  /** Ends every tunnel. */
  drop(): void {
    for (const socket of this.#open) socket.destroy()
  }

  #join(client: Duplex, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#open.add(from)
      from.on('error', () => from.destroy())
      from.once('close', () => {
        this.#open.delete(from)
        // An end was passed on by the pipe; a loss is one for the other side too.
        if (!from.readableEnded) to.destroy()
      })
      from.pipe(to)
    }
  }
}

/** Throws "sandbox_unreachable" when nothing listens, or when it would be the daemon itself. */
async function connectLoopback(port: number, ownPort: number | undefined): Promise<Socket> {
  if (Number.isInteger(port) && port > 0 && port < 65_536 && port !== ownPort) {
    for (const host of ADDRESSES) {
      const socket = connect({ host, port, allowHalfOpen: true })
      if (await isConnected(socket)) return socket
    }
  }
  throw new DrowseError('sandbox_unreachable', `Cannot reach port ${port}: nothing listens`)
}

async function isConnected(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
}
