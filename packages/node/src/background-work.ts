import { DrowseError } from '@drowse/protocol'
import type { Logger } from '@drowse/common'

/** Work that goes on after an answer: every piece is tracked, its failure logged, and can be waited for. */
export class BackgroundWork {
  readonly #logger: Logger
  readonly #all = new Set<Promise<void>>()
  readonly #byKey = new Map<string, Promise<void>>()

  constructor(options: { logger: Logger }) {
    this.#logger = options.logger
  }

  /** Starts `work`; with the same `key`, after earlier work. A failure is logged with `what` and goes no further; resolves at the end either way. */
  start(key: string, what: string, work: () => Promise<void>): Promise<void> {
    const earlier = this.#byKey.get(key) ?? Promise.resolve()
    const mine = earlier.then(work).catch((error: unknown) => {
      this.#logger.warn({ key, err: DrowseError.from(error) }, `Cannot ${what}`)
    })
    this.#all.add(mine)
    this.#byKey.set(key, mine)
    void mine.then(() => {
      this.#all.delete(mine)
      if (this.#byKey.get(key) === mine) this.#byKey.delete(key)
    })
    return mine
  }

  /** Waits until nothing runs under `key`. */
  async settled(key: string): Promise<void> {
    await this.#byKey.get(key)
  }

  /** Waits until nothing runs at all, work that is started meanwhile included. */
  async drained(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(this.#all)
  }
}
