import type { Timer } from '@drowse/common'
import type { NodeContext } from '../node-context.ts'

/** Time, in ms, without an operation after which the work is done: it would only slow those down. */
const QUIET_MS = 200

/** What a {@link QuietWork} does. */
export interface QuietWorkOptions {
  /** Asked for at the first use only: the node's parts know each other. */
  context: () => Pick<NodeContext, 'clock' | 'operations' | 'background'>
  /** What the work is, for the log. */
  what: string
  work: () => Promise<void>
}

/** Makes things ahead once no operation is under way. All such work has one queue: two at once would take a CPU each. */
export class QuietWork {
  readonly #options: QuietWorkOptions
  #timer: Timer | undefined
  #isStopped = false

  constructor(options: QuietWorkOptions) {
    this.#options = options
  }

  /** Whether there is to be no more of it. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Begins the work at the next quiet moment; asking again before that changes nothing. */
  soon(): void {
    if (this.#isStopped || this.#timer !== undefined) return
    const { context, what, work } = this.#options
    const { clock, operations, background } = context()
    this.#timer = clock.setTimer(QUIET_MS, () => {
      this.#timer = undefined
      if (operations.isAnyBusy) this.soon()
      else void background.start('pool', what, work)
    })
  }

  /** Begins no more; what is under way looks at {@link isStopped}. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }
}
