import type { Clock, Timer } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'

/** How often, in ms, frozen sandboxes are looked at for their time and for the host's memory. */
const SWEEP_MS = 5_000

/** A sandbox that is stopped in RAM. */
export interface FrozenEntry {
  id: SandboxId
  /** Memory that it holds. */
  bytes: number
  /** When it was last used. */
  sinceMs: number
  /** When it may stay no longer; absent for one without such a limit. */
  untilMs?: number
}

/** What a {@link FrozenTier} goes by. */
export interface FrozenTierOptions {
  /** Memory for all together; 0 keeps none. */
  budgetBytes: number
  clock: Clock
  /** Whether the host needs memory back at this moment. */
  isMemoryShort: () => boolean
  /** Gives up the memory of a sandbox that has left the tier; its failure is handled inside. */
  evict: (id: SandboxId) => Promise<void>
}

/** The sandboxes that are stopped in RAM: a budget, a time limit, and who goes first. It keeps the books; the engine keeps the sandboxes. */
export class FrozenTier {
  readonly #options: FrozenTierOptions
  /** In order of their last use, the oldest first. */
  readonly #entries = new Map<SandboxId, FrozenEntry>()
  #bytes = 0
  #sweep: Timer | undefined
  #isStopped = false

  constructor(options: FrozenTierOptions) {
    this.#options = options
  }

  /** Memory that all entries hold. */
  get bytes(): number {
    return this.#bytes
  }

  has(id: SandboxId): boolean {
    return this.#entries.has(id)
  }

  /** Whether `bytes` more fit without anything leaving. */
  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#options.budgetBytes
  }

  /** Takes a sandbox in, for which older ones leave. False when it is too large or too late for the tier: then it is not in it. */
  keep(entry: FrozenEntry): boolean {
    const { budgetBytes, clock } = this.#options
    this.take(entry.id)
    const isLate = entry.untilMs !== undefined && entry.untilMs <= clock.nowMs()
    if (entry.bytes > budgetBytes || budgetBytes === 0 || isLate) return false
    this.#insert(entry)
    while (this.#bytes > budgetBytes) {
      if (this.#evictOldest(entry.id) === undefined) break
    }
    this.#arm()
    return true
  }

  /** Takes a sandbox out, for a use of it; `undefined` when it is not in. */
  take(id: SandboxId): FrozenEntry | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    this.#entries.delete(id)
    this.#bytes -= entry.bytes
    return entry
  }

  /** Makes the sandbox that was not used for longest give up its memory; resolves when that is done, with false when there is none. */
  async evictOldest(): Promise<boolean> {
    const evicted = this.#evictOldest()
    await evicted
    return evicted !== undefined
  }

  /** Ends the sweeps; what is frozen stays so. */
  stop(): void {
    this.#isStopped = true
    this.#sweep?.cancel()
  }

  #insert(entry: FrozenEntry): void {
    const newer = [...this.#entries.values()].filter(({ sinceMs }) => sinceMs > entry.sinceMs)
    this.#entries.set(entry.id, entry)
    this.#bytes += entry.bytes
    // Usually none: only a start takes them in out of order.
    for (const later of newer) {
      this.#entries.delete(later.id)
      this.#entries.set(later.id, later)
    }
  }

  #evictOldest(except?: SandboxId): Promise<void> | undefined {
    for (const id of this.#entries.keys()) if (id !== except) return this.#evict(id)
    return undefined
  }

  #evict(id: SandboxId): Promise<void> {
    this.take(id)
    return this.#options.evict(id)
  }

  #arm(): void {
    if (this.#isStopped || this.#sweep !== undefined || this.#entries.size === 0) return
    this.#sweep = this.#options.clock.setTimer(SWEEP_MS, () => {
      this.#sweep = undefined
      this.#sweepOnce()
      this.#arm()
    })
  }

  #sweepOnce(): void {
    const nowMs = this.#options.clock.nowMs()
    const late = [...this.#entries.values()].filter(({ untilMs }) => untilMs !== undefined && untilMs <= nowMs)
    for (const { id } of late) void this.#evict(id)
    // One a sweep: what the last one gave back shows in the host's numbers only when it has really ended.
    if (late.length === 0 && this.#options.isMemoryShort()) void this.#evictOldest()
  }
}
