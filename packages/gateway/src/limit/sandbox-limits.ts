import { systemClock, type Clock } from '@drowse/common'
import { ENVD_PORT } from '@drowse/protocol'
import { tooManyConnections, tooManyRequests, type Answer } from '../answer/answer.ts'
import type { SandboxTarget } from '../classify/classify-request.ts'

/** What traffic to one sandbox may come to; 0 sets no bound. */
export interface LimitSettings {
  /** Requests, streams and upgraded sockets at once, those that wait for a wake included. */
  maxConnections: number
  /** Requests a second; as many may come at once. */
  requestsPerSecond: number
}

/** Whether a request may go on: with how to say that it is over, or with why not. */
export type Entry = { kind: 'in'; leave: () => void } | { kind: 'refused'; answer: Answer }

interface Count {
  open: number
  /** Requests that may come now; grows with time up to the settings' number. */
  tokens: number
  atMs: number
}

/** How often, in ms, counts that say nothing are forgotten; a second without a request fills a bucket. */
const FORGET_AFTER_MS = 1_000

/**
 * Bounds what one sandbox's traffic takes of the gateway. The daemon's port counts apart from all others: a crowd at a preview
 * does not lock out its owner.
 */
export class SandboxLimits {
  readonly #settings: LimitSettings
  readonly #clock: Clock
  readonly #counts = new Map<string, Count>()
  #forgottenAtMs = 0

  constructor(settings: LimitSettings, clock: Clock = systemClock) {
    this.#settings = settings
    this.#clock = clock
  }

  /** Counts a request in, or refuses it. */
  enter(target: SandboxTarget): Entry {
    const { maxConnections, requestsPerSecond } = this.#settings
    const count = this.#count(target)
    if (maxConnections > 0 && count.open >= maxConnections) {
      return { kind: 'refused', answer: tooManyConnections(target, maxConnections) }
    }
    if (requestsPerSecond > 0) {
      if (count.tokens < 1) return { kind: 'refused', answer: tooManyRequests(target, requestsPerSecond) }
      count.tokens--
    }
    count.open++
    let isIn = true
    return {
      kind: 'in',
      leave: () => {
        if (isIn) count.open--
        isIn = false
      },
    }
  }

  /** How many requests are in now. */
  get open(): number {
    let open = 0
    for (const count of this.#counts.values()) open += count.open
    return open
  }

  /** How many counts are kept now: one a sandbox, and one for its daemon. */
  get size(): number {
    return this.#counts.size
  }

  #count({ id, port }: SandboxTarget): Count {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#forgottenAtMs >= FORGET_AFTER_MS) this.#forget(nowMs)
    const key = port === ENVD_PORT ? `${id}:daemon` : id
    const { requestsPerSecond } = this.#settings
    const count = this.#counts.get(key) ?? { open: 0, tokens: requestsPerSecond, atMs: nowMs }
    this.#counts.set(key, count)
    const elapsedMs = Math.max(0, nowMs - count.atMs)
    count.tokens = Math.min(requestsPerSecond, count.tokens + (elapsedMs / 1000) * requestsPerSecond)
    count.atMs = nowMs
    return count
  }

  /** Ids are the client's to choose, so what was counted for them must not stay. */
  #forget(nowMs: number): void {
    this.#forgottenAtMs = nowMs
    for (const [key, { open, atMs }] of this.#counts) {
      if (open === 0 && nowMs - atMs >= FORGET_AFTER_MS) this.#counts.delete(key)
    }
  }
}
