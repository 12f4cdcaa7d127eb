import { deadline, raceSignal, type Clock, type Logger } from '@drowse/common'
import type { ResolveProxy, Traffic } from '@drowse/engine'
import type { NodeClient } from '@drowse/node'
import type { RouteSource, StopCause } from '@drowse/gateway'
import type { SandboxId } from '@drowse/protocol'
import type { LogEntry } from '../events/log-entry.ts'
import type { EventPage, TeamEventQuery } from '../store/repos/event-repo.ts'
import type { Store } from '../store/store.ts'
import { Attachments, type Attachment, type AttachOptions } from './attachments.ts'
import { connectSandbox, resumeSandbox, type ConnectRequest } from './connect.ts'
import { createSandbox, type CreateRequest } from './create.ts'
import { createSandboxOnce, type RepeatableCreate } from './create-once.ts'
import { readTeamEvents, type TeamEvent } from './events.ts'
import { expireSandbox } from './expire.ts'
import { Expiry } from './expiry.ts'
import { describeSandbox, findSandbox, findTraffic, getSandbox, type SandboxDetail } from './get.ts'
import { killSandbox } from './kill.ts'
import { LifecycleContext, type StartResult } from './lifecycle-context.ts'
import { listSandboxes, type ListRequest, type SandboxPage } from './list.ts'
import { readSandboxLogs, type LogsRequest } from './logs.ts'
import type { NetworkUpdate } from './network.ts'
import { takeNodeEvent } from './node-events.ts'
import { pauseSandbox, type PauseOptions } from './pause.ts'
import { reconcile } from './reconcile.ts'
import { createRouteSource } from './route-source.ts'
import type { Sandbox } from './sandbox.ts'
import type { ServerStep } from './steps.ts'
import { refreshSandbox, setSandboxTimeout } from './timeout.ts'
import { updateNetwork } from './update-network.ts'

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
  /** SSH sessions and forwarded connections at once to one sandbox; 0, the default, sets no bound. */
  maxAttachments?: number
  /** Addresses at which a proxy for sandboxes' traffic may be; without it every proxy is taken. */
  resolveProxy?: ResolveProxy | undefined
  /** Called when an operation reaches a step; for tests that end the service there. */
  onStep?: (step: ServerStep) => void
}

/** Every operation on sandboxes, with expiry; the ids that callers give may be of any text. */
export class SandboxService implements AsyncDisposable {
  readonly routes: RouteSource
  readonly #context: LifecycleContext
  readonly #expiry: Expiry
  readonly #attachments: Attachments
  #stopListening: () => void = () => {}

  constructor(options: SandboxServiceOptions) {
    this.#context = new LifecycleContext({ ...options, planMs: options.maxTimeoutHours * 3_600_000 })
    this.#expiry = new Expiry({
      sandboxes: options.store.sandboxes,
      clock: options.clock,
      logger: options.logger,
      expire: async (id) => await expireSandbox(this.#context, id),
    })
    this.#context.ledger.subscribe((sandbox) => this.#expiry.notice(sandbox))
    this.#attachments = new Attachments(this.#context, options.maxAttachments ?? 0)
    this.onStopped((id, cause) => this.#attachments.stopped(id, cause))
    this.#context.onRepair((id) => this.#expiry.retryLater(id))
    this.routes = createRouteSource(this.#context)
  }

  /** Calls `listener` with each changed row, once that is durable. It must not throw. */
  onChange(listener: (sandbox: Sandbox) => void): void {
    this.#context.ledger.subscribe(listener)
  }

  /** Calls `listener` after a sandbox stopped running: paused, or about to be removed. It must not throw. */
  onStopped(listener: (id: SandboxId, cause: StopCause) => void): void {
    this.onChange(({ id, state }) => {
      if (state === 'paused') listener(id, 'paused')
      else if (state === 'killing') listener(id, 'killed')
    })
  }

  /**
   * Puts right what an earlier process left, then begins to expire; idle times begin again. To be called before anything
   * else.
   */
  async start(): Promise<void> {
    // What happens during the comparison waits for the locks that it holds.
    this.#stopListening = this.#context.node.onEvent((event) => {
      void this.#context.track(takeNodeEvent(this.#context, event))
    })
    await reconcile(this.#context)
    this.#context.activity.restart(await this.#context.store.sandboxes.all())
    this.#expiry.start()
  }

  /** See `createSandbox`, and `createSandboxOnce` for one that may be repeated. */
  async create(teamId: string, request: CreateRequest, repeatable?: RepeatableCreate): Promise<Sandbox> {
    if (repeatable === undefined) return await createSandbox(this.#context, teamId, request)
    return await createSandboxOnce(this.#context, teamId, request, repeatable)
  }

  /** See `connectSandbox`. */
  async connect(teamId: string, id: string, request: ConnectRequest): Promise<StartResult> {
    const { sandbox, isResumed } = await connectSandbox(this.#context, teamId, id, request)
    return { sandbox: this.#context.activity.present(sandbox), isResumed }
  }

  /** See `resumeSandbox`. */
  async resume(teamId: string, id: string, request: ConnectRequest): Promise<Sandbox> {
    return await resumeSandbox(this.#context, teamId, id, request)
  }

  /** See `pauseSandbox`. */
  async pause(teamId: string, id: string, options: PauseOptions): Promise<void> {
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

  /** See `updateNetwork`. */
  async updateNetwork(teamId: string, id: string, update: NetworkUpdate): Promise<void> {
    await updateNetwork(this.#context, teamId, id, update)
  }

  /** See `Attachments.attach`. */
  async attach(id: SandboxId, options: AttachOptions): Promise<Attachment> {
    return await this.#attachments.attach(id, options)
  }

  /** See `getSandbox`. */
  async get(teamId: string, id: string): Promise<Sandbox> {
    return await getSandbox(this.#context, teamId, id)
  }

  /** Those of the ids that are sandboxes of the team. */
  async findAll(teamId: string, ids: readonly string[]): Promise<Sandbox[]> {
    const found = await Promise.all(ids.map(async (id) => await findSandbox(this.#context, teamId, id)))
    return found.filter((sandbox) => sandbox !== undefined)
  }

  /** See `describeSandbox`. */
  async describe(teamId: string, id: string): Promise<SandboxDetail> {
    return await describeSandbox(this.#context, teamId, id)
  }

  /** See `readSandboxLogs`. */
  async logs(teamId: string, id: string, request: LogsRequest): Promise<LogEntry[]> {
    return await readSandboxLogs(this.#context, teamId, id, request)
  }

  /** See `readTeamEvents`. */
  async events(query: TeamEventQuery, page: EventPage): Promise<{ events: TeamEvent[]; total: number }> {
    return await readTeamEvents(this.#context, query, page)
  }

  /** See `findTraffic`. */
  async traffic(sandbox: Sandbox): Promise<Traffic | undefined> {
    return await findTraffic(this.#context, sandbox)
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
    this.#stopListening()
    this.#expiry.stop()
    try {
      await raceSignal(this.#context.drain(), deadline(STOP_LIMIT_MS, 'finish what is on its way'))
    } catch (error) {
      this.#context.logger.warn({ err: error }, 'stopping in the middle of operations; the next start settles them')
    }
  }
}
