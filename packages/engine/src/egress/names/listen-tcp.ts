import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AddressInfo, Server, Socket } from 'node:net'

/** Below it are the ports that well-known services have. */
const LOWEST_PORT = 10_000
/** Ports that are tried; more than one of them in use is a rare case. */
const ATTEMPTS = 20

/** A listening part of the proxy. */
export interface Door extends AsyncDisposable {
  port: number
}

/** Parts of the proxy that look after one connection; above Node's warning for a leak of listeners. */
export const MAX_LISTENERS = 40

/**
 * Lets a server listen on a free port of every address: the firewall keeps others out. The port is none that the kernel gives away by itself,
 * so that rules which a killed service leaves do not close some other program's. Its connections end with it.
 */
export async function listenTcp(server: Server): Promise<Door> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket.setMaxListeners(MAX_LISTENERS))
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {}) // its end is what counts, and "close" tells that
  })
  await listenSomewhere(server)
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function listenSomewhere(server: Server): Promise<void> {
  const own = reservedPorts()
  for (let attempt = 1; ; attempt++) {
    try {
      await listen(server, own[randomInt(own.length)] ?? 0)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === ATTEMPTS) throw error
    }
  }
}

/** Unprivileged ports that the kernel does not give to connections and to servers without a port of their own. */
function reservedPorts(): number[] {
  const [low = 0, high = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').split(/\s+/).map(Number)
  const ports = Array.from({ length: 65_536 - LOWEST_PORT }, (_, index) => LOWEST_PORT + index)
  const reserved = ports.filter((port) => port < low || port > high)
  return reserved.length > 0 ? reserved : ports
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '0.0.0.0', port }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
