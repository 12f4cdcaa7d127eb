import { connect, type Socket } from 'node:net'

/** Time, in ms, for a connection to the server that a sandbox wants. */
export const CONNECT_TIMEOUT_MS = 15_000

/** Opens a connection; undefined when it cannot be. */
export async function openSocket(host: string, port: number, signal: AbortSignal): Promise<Socket | undefined> {
  const socket = connect({ host, port, allowHalfOpen: true, signal })
  return await new Promise((resolve) => {
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('connect', () => resolve(socket.setTimeout(0)))
    // Stays for the life of the socket: what comes later is for those who use it.
    socket.on('error', () => resolve(undefined))
  })
}
