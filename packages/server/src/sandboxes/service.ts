import { deadline, raceSignal, type Clock, type Logger } from '@drowse/common'
import type { NodeClient } from '@drowse/node'
import type { RouteSource } from '@drowse/gateway'
import type { SandboxId } from '@drowse/protocol'
import type { Store } from '../store/store.ts'
import { connectSandbox, resumeSandbox, type ConnectRequest } from './connect.ts'
import { createSandbox, type CreateRequest } from './create.ts'
import { expireSandbox } from './expire.ts'
import { Expiry } from './expiry.ts'
import { getSandbox } from './get.ts'
import { killSandbox } from './kill.ts'
import { LifecycleContext, type StartResult } from './lifecycle-context.ts'
import { listSandboxes, type ListRequest, type SandboxPage } from './list.ts'
import { pauseSandbox } from './pause.ts'
import { reconcile } from './reconcile.ts'
import { createRouteSource } from './route-source.ts'
import type { Sandbox } from './sandbox.ts'
import { refreshSandbox, setSandboxTimeout } from './timeout.ts'

/** Longest time, in ms, that a stop waits for operations. */
const STOP_LIMIT_MS = 20_000

/** What the lifecycle is built from. */
export interface SandboxServiceOptions {
  store: Store
  node: NodeClient
  clock: Clock
  logger: Logger
  /** Longest continuous run, in hours. */
  maxTimeoutHours: number
}

/** Every operation on sandboxes, with expiry; the ids that callers give may be of any text. */
export class SandboxService implements AsyncDisposable {
  readonly routes: RouteSource
  readonly #context: LifecycleContext
  readonly #expiry: Expiry

  constructor(options: SandboxServiceOptions) {
    this.#context = new LifecycleContext({ ...options, planMs: options.maxTimeoutHours * 3_600_000 })
    this.#expiry = new Expiry({
      sandboxes: options.store.sandboxes,
      clock: options.clock,
      logger: options.logger,
      expire: async (id) => await expireSandbox(this.#context, id),
    })
    this.#context.ledger.subscribe((sandbox) => this.#expiry.notice(sandbox))
    this.#context.onRepair((id) => this.#expiry.retryLater(id))
    this.routes = createRouteSource(this.#context)
  }

  /** Calls `listener` after a sandbox stopped running: paused, or about to be removed. It must not throw. */
  onStopped(listener: (id: SandboxId) => void): void {
    this.#context.ledger.subscribe(({ id, state }) => {
      if (state === 'paused' || state === 'killing') listener(id)
    })
  }

  /** Puts right what an earlier process left, then begins to expire. To be called before anything else. */
  async start(): Promise<void> {
    await reconcile(this.#context)
    this.#expiry.start()
  }

  /** See `createSandbox`. */
  async create(teamId: string, request: CreateRequest): Promise<Sandbox> {
    return await createSandbox(this.#context, teamId, request)
  }

  /** See `connectSandbox`. */
  async connect(teamId: string, id: string, request: ConnectRequest): Promise<StartResult> {
    return await connectSandbox(this.#context, teamId, id, request)
  }

  /** See `resumeSandbox`. */
  async resume(teamId: string, id: string, request: ConnectRequest): Promise<Sandbox> {
    return await resumeSandbox(this.#context, teamId, id, request)
  }

  /** See `pauseSandbox`. */
  async pause(teamId: string, id: string, options: { memory: boolean }): Promise<void> {
    await pauseSandbox(this.#context, teamId, id, options)
  }

  /** See `killSandbox`. */
  async kill(teamId: string, id: string): Promise<void> {
    await killSandbox(this.#context, teamId, id)
  }

  /** See `setSandboxTimeout`. */
  async setTimeout(teamId: string, id: string, timeoutMs: number): Promise<void> {
    await setSandboxTimeout(this.#context, teamId, id, timeoutMs)
  }

  /** See `refreshSandbox`. */
  async refresh(teamId: string, id: string, durationMs: number): Promise<void> {
    await refreshSandbox(this.#context, teamId, id, durationMs)
  }

  /** See `getSandbox`. */
  async get(teamId: string, id: string): Promise<Sandbox> {
    return await getSandbox(this.#context, teamId, id)
  }

  /** See `listSandboxes`. */
  async list(request: ListRequest): Promise<SandboxPage> {
    return await listSandboxes(this.#context, request)
  }

  /**
   * Begins nothing new and waits for what is on its way, at most 20 s: what takes longer is finished or undone at the next
   * start. Sandboxes stay as they are. Idempotent.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#expiry.stop()
    try {
      await raceSignal(this.#context.drain(), deadline(STOP_LIMIT_MS, 'finish what is on its way'))
    } catch (error) {
      this.#context.logger.warn({ err: error }, 'stopping in the middle of operations; the next start settles them')
    }
  }
}
