import type { AddressInfo, Server, Socket } from 'node:net'

/** A listening part of the proxy. */
export interface Door extends AsyncDisposable {
  port: number
}

/** Lets a server listen on a free port of every address: the firewall keeps others out. Its connections end with it. */
export async function listenTcp(server: Server): Promise<Door> {
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {}) // its end is what counts, and "close" tells that
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: '0.0.0.0', port: 0 }, () => resolve())
  })
  return {
    port: (server.address() as AddressInfo).port, // it listens on TCP
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
