import { KeyedMutex, type Clock, type Logger } from '@drowse/common'
import type { NodeClient } from '@drowse/node'
import type { SandboxId } from '@drowse/protocol'
import type { Store } from '../store/store.ts'
import { SandboxLedger } from './ledger.ts'
import type { Sandbox } from './sandbox.ts'
import { SingleFlight } from './single-flight.ts'

/** What the lifecycle is built from. */
export interface LifecycleOptions {
  store: Store
  node: NodeClient
  clock: Clock
  logger: Logger
  /** Longest continuous run, in ms. */
  planMs: number
}

/** A sandbox that runs, and whether this call started it. */
export interface StartResult {
  sandbox: Sandbox
  isResumed: boolean
}

/** What every operation on sandboxes shares: collaborators, and who is doing what at this moment. */
export class LifecycleContext {
  readonly store: Store
  readonly node: NodeClient
  readonly clock: Clock
  readonly logger: Logger
  readonly planMs: number
  readonly ledger: SandboxLedger
  /** Starts by API, by id. */
  readonly starts = new SingleFlight<StartResult>()
  /** Starts by traffic, by id. */
  readonly wakes = new SingleFlight<void>()
  /** Pauses by API, by id and content. */
  readonly pauses = new SingleFlight<void>()
  /** Kills by API, by id. */
  readonly kills = new SingleFlight<void>()
  readonly #mutex = new KeyedMutex()
  readonly #work = new Set<Promise<unknown>>()
  #onRepair: (id: SandboxId) => void = () => {}

  constructor(options: LifecycleOptions) {
    this.store = options.store
    this.node = options.node
    this.clock = options.clock
    this.logger = options.logger
    this.planMs = options.planMs
    this.ledger = new SandboxLedger(options)
  }

  /** Runs `work` alone among the operations on `id`. Kill does not queue here: it wins by compare-and-set. */
  async exclusive<T>(id: SandboxId, work: () => Promise<T>): Promise<T> {
    return await this.track(this.#mutex.run(id, work))
  }

  /** Makes {@link drain} wait for `work`. */
  async track<T>(work: Promise<T>): Promise<T> {
    this.#work.add(work)
    try {
      return await work
    } finally {
      this.#work.delete(work)
    }
  }

  /** Resolves when no operation is on its way. */
  async drain(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work)
  }

  /** Sets who tries again when an operation had to leave a sandbox between two states. */
  onRepair(listener: (id: SandboxId) => void): void {
    this.#onRepair = listener
  }

  /** Asks for another try at a sandbox that is between two states. */
  repairLater(id: SandboxId): void {
    this.#onRepair(id)
  }
}
