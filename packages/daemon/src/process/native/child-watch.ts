import type { Libc } from './libc.ts'

const WNOHANG = 1

/** Tells when children end. Node notices only those that it has spawned itself; this one looks after its own at each SIGCHLD. */
export class ChildWatch implements Disposable {
  readonly #libc: Libc
  readonly #waiting = new Map<number, (waitStatus: number) => void>()
  readonly #onSignal = (): void => this.#reap()

  constructor(libc: Libc) {
    this.#libc = libc
    process.on('SIGCHLD', this.#onSignal)
  }

  /** Resolves to the wait status of a child at its end. To be called in the same turn that started it. */
  watch(pid: number): Promise<number> {
    return new Promise((resolve) => this.#waiting.set(pid, resolve))
  }

  /** Stops watching; what is waited for stays pending. */
  [Symbol.dispose](): void {
    process.off('SIGCHLD', this.#onSignal)
  }

  #reap(): void {
    const status = Buffer.alloc(4)
    for (const [pid, resolve] of this.#waiting) {
      if (this.#libc.waitpid(pid, status, WNOHANG) !== pid) continue
      this.#waiting.delete(pid)
      resolve(status.readInt32LE(0))
    }
  }
}
