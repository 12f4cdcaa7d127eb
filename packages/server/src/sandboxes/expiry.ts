import type { Clock, Logger, Timer } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import type { SandboxRepo } from '../store/repos/sandbox-repo.ts'
import type { Sandbox } from './sandbox.ts'

/** How many sandboxes are expired at once. What that costs a disk has a lower limit of its own: `expiryEffects`. */
const CONCURRENCY = 1_000
/** Waits, in ms, before the second and the last of ever slower tries. */
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000

/** What expiry is built from. */
export interface ExpiryOptions {
  sandboxes: Pick<SandboxRepo, 'nextDeadline' | 'dueBefore'>
  clock: Clock
  logger: Logger
  /** Does what is due for one sandbox; throws to be called again later. */
  expire: (id: SandboxId) => Promise<void>
}

/**
 * Acts on sandboxes whose time is up: one timer, armed for the earliest deadline. A failure is tried again after 1 s,
 * 2 s, 4 s … 60 s, until it succeeds; others do not wait for it.
 */
export class Expiry {
  readonly #options: ExpiryOptions
  readonly #clock: Clock
  readonly #queue: SandboxId[] = []
  readonly #busy = new Set<SandboxId>()
  readonly #missed = new Set<SandboxId>()
  readonly #retries = new Map<SandboxId, { attempt: number; dueMs: number }>()
  #timer: Timer | undefined
  #armedForMs = Infinity
  #active = 0
  #isRunning = false

  constructor(options: ExpiryOptions) {
    this.#options = options
    this.#clock = options.clock
  }

  /** Begins; what is overdue is done at once. */
  start(): void {
    this.#isRunning = true
    this.#arm(this.#clock.nowMs())
  }

  /** Ends: nothing new is begun. What is on its way goes on. */
  stop(): void {
    this.#isRunning = false
    this.#timer?.cancel()
    this.#queue.length = 0
  }

  /** Takes notice of a changed row. */
  notice(sandbox: Sandbox): void {
    if (sandbox.state !== 'running') return
    if (this.#busy.has(sandbox.id)) this.#missed.add(sandbox.id)
    this.#arm(sandbox.endAtMs)
  }

  /** Has another look at a sandbox a little later, whatever its deadline. */
  retryLater(id: SandboxId): void {
    const attempt = (this.#retries.get(id)?.attempt ?? 0) + 1
    const dueMs = this.#clock.nowMs() + Math.min(FIRST_RETRY_MS * 2 ** (attempt - 1), MAX_RETRY_MS)
    this.#retries.set(id, { attempt, dueMs })
    this.#arm(dueMs)
  }

  #arm(dueMs: number): void {
    if (!this.#isRunning || dueMs >= this.#armedForMs) return
    this.#timer?.cancel()
    this.#armedForMs = dueMs
    this.#timer = this.#clock.setTimer(Math.max(0, dueMs - this.#clock.nowMs()), () => {
      this.#armedForMs = Infinity
      void this.#tick()
    })
  }

  async #tick(): Promise<void> {
    const nowMs = this.#clock.nowMs()
    try {
      for (const id of await this.#options.sandboxes.dueBefore(nowMs)) {
        if (!this.#retries.has(id)) this.#enqueue(id)
      }
      for (const [id, retry] of this.#retries) {
        if (retry.dueMs <= nowMs) this.#enqueue(id)
        else this.#arm(retry.dueMs)
      }
      this.#arm((await this.#options.sandboxes.nextDeadline(nowMs)) ?? Infinity)
    } catch (error) {
      this.#options.logger.error({ err: error }, 'could not read which sandboxes are due; trying again')
      this.#arm(nowMs + FIRST_RETRY_MS)
    }
  }

  #enqueue(id: SandboxId): void {
    if (!this.#isRunning || this.#busy.has(id)) return
    this.#busy.add(id)
    this.#queue.push(id)
    this.#pump()
  }

  #pump(): void {
    while (this.#active < CONCURRENCY) {
      const id = this.#queue.shift()
      if (id === undefined) return
      this.#active += 1
      void this.#expire(id)
    }
  }

  async #expire(id: SandboxId): Promise<void> {
    const before = this.#retries.get(id)
    try {
      await this.#options.expire(id)
      if (this.#retries.get(id) === before) this.#retries.delete(id)
    } catch (error) {
      this.#options.logger.error({ sandboxId: id, err: error }, 'could not expire a sandbox; trying again later')
      if (this.#retries.get(id) === before) this.retryLater(id)
    }
    this.#busy.delete(id)
    if (this.#missed.delete(id)) this.#arm(this.#clock.nowMs())
    this.#active -= 1
    this.#pump()
  }
}
