import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'

/** Silence, in ms, after which the kernel checks that the other end is still there. */
const KEEPALIVE_MS = 60_000

/** Copies both ways between a sandbox and the server that it wants, until either ends. */
export async function relay(socket: Socket, upstream: Socket): Promise<void> {
  if (socket.destroyed) {
    upstream.destroy()
    return
  }
  for (const end of [socket, upstream]) end.setKeepAlive(true, KEEPALIVE_MS).setNoDelay(true)
  // A side that ends early is the other's end too; how it ended is told to nobody, as the sandbox sees its connection close.
  await Promise.allSettled([pipeline(socket, upstream), pipeline(upstream, socket)])
}
