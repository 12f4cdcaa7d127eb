import { systemClock, type Clock } from '@drowse/common'

/** Control frames that a connection may send in a window: clients that measure a fast line by PINGs send some hundreds a second. */
const MAX_FRAMES = 10_000
/** Length of a window, in ms. */
const WINDOW_MS = 10_000

/** Notices a flood of frames that cost an answer and bring nothing. */
export class FrameRate {
  readonly #onFlood: () => void
  readonly #clock: Clock
  #startedAtMs: number
  #count = 0

  constructor(onFlood: () => void, clock: Clock = systemClock) {
    this.#onFlood = onFlood
    this.#clock = clock
    this.#startedAtMs = clock.nowMs()
  }

  /** Counts one; calls `onFlood` when there were too many in this window. */
  count(): void {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#startedAtMs >= WINDOW_MS || nowMs < this.#startedAtMs) {
      this.#startedAtMs = nowMs
      this.#count = 0
    }
    this.#count++
    if (this.#count === MAX_FRAMES + 1) this.#onFlood()
  }
}
