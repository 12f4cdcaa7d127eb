import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** Pause before a connection that ended while the sandbox lives is made again, in ms. */
const RECONNECT_MS = 200

/** What to watch of one sandbox. */
export interface WatchedExit {
  /** Its control socket. */
  socketPath: string
  /** Whether its Sentry lives; asked when the connection ends. */
  isAlive: () => Promise<boolean>
  /** Called once when it does not; must not reject. */
  onExit: () => Promise<void>
}

/**
 * Notices that Sentries ended: each is held by an idle connection to its control socket, which the kernel closes with the
 * process, however that ends. Costs a descriptor for each and no CPU, and does not hold this process open.
 */
export class ExitWatch {
  readonly #watched = new Map<string, AbortController>()

  /** Watches `id`, in place of what was watched under that name before. */
  add(id: string, exit: WatchedExit): void {
    this.remove(id)
    const controller = new AbortController()
    this.#watched.set(id, controller)
    // Rejects only when `remove` ends it.
    void this.#watch(id, exit, controller.signal).catch(() => undefined)
  }

  /** Ends the watch of `id`: nothing is called any more. */
  remove(id: string): void {
    this.#watched.get(id)?.abort()
    this.#watched.delete(id)
  }

  async #watch(id: string, { socketPath, isAlive, onExit }: WatchedExit, signal: AbortSignal): Promise<void> {
    for (;;) {
      await connectionEnd(socketPath, signal)
      signal.throwIfAborted()
      const isLive = await isAlive()
      signal.throwIfAborted()
      if (!isLive) break
      await sleep(RECONNECT_MS, undefined, { signal, ref: false })
    }
    this.#watched.delete(id)
    await onExit()
  }
}

/** Connects and waits until the connection is over, or could not be made. */
async function connectionEnd(path: string, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect({ path, signal })
    socket.unref()
    socket.on('error', () => undefined) // 'close' follows
    socket.on('close', () => resolve())
    socket.resume() // an end that nobody reads is never seen
  })
}
