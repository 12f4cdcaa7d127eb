import type { Socket } from 'node:net'

/** Connections that one sandbox may have open at the proxy, so that no sandbox takes all of its descriptors. */
const MAX_EACH = 2_048

/** What each sandbox, named by its address, has open at the proxy. */
export class OpenConnections {
  readonly #of = new Map<string, Set<Socket>>()

  /** Takes a connection in until it closes. False, and it is for the caller to close, when its sandbox has too many. */
  add(address: string, socket: Socket): boolean {
    const open = this.#of.get(address) ?? new Set()
    if (open.size >= MAX_EACH) return false
    this.#of.set(address, open.add(socket))
    socket.once('close', () => {
      open.delete(socket)
      if (open.size === 0 && this.#of.get(address) === open) this.#of.delete(address)
    })
    return true
  }

  /** Closes all that a sandbox has open: its policy is another one now, or it is gone. */
  end(address: string): void {
    for (const socket of this.#of.get(address) ?? []) socket.destroy()
  }
}
