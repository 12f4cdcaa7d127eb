import { KeyedMutex, SingleFlight, type Clock, type Logger } from '@drowse/common'
import type { ResolveProxy } from '@drowse/engine'
import type { NodeClient } from '@drowse/node'
import type { SandboxId } from '@drowse/protocol'
import type { Store } from '../store/store.ts'
import { Activity } from './activity.ts'
import { SandboxLedger } from './ledger.ts'
import type { Sandbox } from './sandbox.ts'
import { Semaphore } from './semaphore.ts'
import type { ServerStep } from './steps.ts'

/** How many sandboxes a deadline pauses or removes at once; a pause keeps a disk busy. */
const EXPIRY_EFFECTS = 8

/** What the lifecycle is built from. */
export interface LifecycleOptions {
  store: Store
  node: NodeClient
  clock: Clock
  logger: Logger
  /** Longest continuous run, in ms. */
  planMs: number
  /** Addresses at which a proxy for sandboxes' traffic may be; without it every proxy is taken. */
  resolveProxy?: ResolveProxy | undefined
  /** Called when an operation reaches a step; for tests that end the service there. */
  onStep?: (step: ServerStep) => void
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
  readonly resolveProxy: ResolveProxy | undefined
  readonly ledger: SandboxLedger
  readonly activity: Activity
  /** Says that an operation reached a step. */
  readonly step: (step: ServerStep) => void
  /** Starts by API, by id and content. */
  readonly starts = new SingleFlight<StartResult>()
  /** Starts by traffic, by id. */
  readonly wakes = new SingleFlight<void>()
  /** Pauses by API, by id and content. */
  readonly pauses = new SingleFlight<void>()
  /** Kills by API, by id. */
  readonly kills = new SingleFlight<void>()
  /** Fingerprints of creates on their way that carry a key, by team and key. */
  readonly keyedCreates = new Map<string, string>()
  /** Why processes ended, of sandboxes whose rows do not say so yet. */
  readonly deaths = new Map<SandboxId, string>()
  /** What the node does because of deadlines. Thousands are decided at once, and done a few at a time. */
  readonly expiryEffects = new Semaphore(EXPIRY_EFFECTS)
  /** Anyone may ask for one, and each goes over all sandboxes: one at a time. */
  readonly signerSearches = new Semaphore(1)
  readonly #mutex = new KeyedMutex()
  readonly #work = new Set<Promise<unknown>>()
  #onRepair: (id: SandboxId) => void = () => {}

  constructor(options: LifecycleOptions) {
    this.store = options.store
    this.node = options.node
    this.clock = options.clock
    this.logger = options.logger
    this.planMs = options.planMs
    this.resolveProxy = options.resolveProxy
    this.step = options.onStep ?? ((): void => {})
    this.activity = new Activity(options.clock)
    this.ledger = new SandboxLedger(options)
    this.ledger.subscribe((sandbox) => this.activity.notice(sandbox))
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
