import type { Timer } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import type { NodeContext } from '../node-context.ts'

/** Longest wait, in ms, before looking again for an image whose turn has come. */
const LOOK_EVERY_MS = 10 * 60_000
/** How many times as long as a check takes nothing is read after it: a fifth of one disk's time at most. */
const REST_FACTOR = 4
const MIN_REST_MS = 1_000

/** What an {@link ImageScrub} works with. */
export interface ImageScrubOptions {
  context: () => NodeContext
  /** About how often each image is read, in ms; 0 for never. */
  everyMs: number
}

/**
 * Reads saved memory that rests and compares it with its hashes, so that damage is known before somebody needs it: one image
 * at a time, by a process of the lowest priority, the one that waits longest first. An image that is used meanwhile is left.
 * When each was read last is kept in memory; after a start an image counts from its pause.
 */
export class ImageScrub {
  readonly #options: ImageScrubOptions
  /** When images were read last, with the instant of their pause, by which a later image is told. */
  readonly #read = new Map<SandboxId, { createdAt: string; atMs: number }>()
  #timer: Timer | undefined
  #isStopped = false

  constructor(options: ImageScrubOptions) {
    this.#options = options
  }

  /** Begins. */
  start(): void {
    if (this.#options.everyMs > 0) this.#lookIn(MIN_REST_MS)
  }

  /** Ends; the check on its way is ended by the hasher. */
  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return
    const { background, clock } = this.#options.context()
    this.#timer = clock.setTimer(ms, () => {
      void background.start('scrub', 'check the saved memory of sandboxes', async () =>
        this.#lookIn(await this.#look()),
      )
    })
  }

  /** Reads the image whose turn has come, if one has, and answers when to look again. */
  async #look(): Promise<number> {
    const { clock, hasher, logger } = this.#options.context()
    const next = this.#next()
    if (next === undefined) return LOOK_EVERY_MS
    const nowMs = clock.nowMs()
    if (next.dueMs > nowMs) return Math.min(next.dueMs - nowMs, LOOK_EVERY_MS)
    this.#read.set(next.id, { createdAt: next.createdAt, atMs: nowMs })
    try {
      await hasher.verify(next.id)
    } catch (error) {
      logger.warn(
        { sandboxId: next.id, err: error },
        'could not check the saved memory of a sandbox; trying again later',
      )
    }
    return Math.max(MIN_REST_MS, REST_FACTOR * (clock.nowMs() - nowMs))
  }

  /** The image that waits longest among those that can be checked. */
  #next(): { id: SandboxId; createdAt: string; dueMs: number } | undefined {
    const { shelf } = this.#options.context()
    for (const id of this.#read.keys()) if (shelf.find(id)?.image == null) this.#read.delete(id)
    const waiting = shelf.paused().flatMap(({ id, image }) => {
      if (image === null || image.damage !== undefined) return []
      if (image.files.every(({ sha256 }) => sha256 === undefined)) return [] // not hashed yet
      const { createdAt } = image
      const read = this.#read.get(id)
      const lastMs = read?.createdAt === createdAt ? read.atMs : Date.parse(createdAt)
      return [{ id, createdAt, dueMs: lastMs + this.#options.everyMs }]
    })
    return waiting.toSorted((a, b) => a.dueMs - b.dueMs)[0]
  }
}
