import { FakeClock, silentLogger } from '@drowse/common'
import { FakeNode, type NodeClient, type NodeTemplate } from '@drowse/node'
import type { SandboxId } from '@drowse/protocol'
import type { CreateRequest } from '../sandboxes/create.ts'
import type { RepeatableCreate } from '../sandboxes/create-once.ts'
import type { Sandbox } from '../sandboxes/sandbox.ts'
import { SandboxMetrics } from '../metrics/sandbox-metrics.ts'
import { SandboxService } from '../sandboxes/service.ts'
import type { ServerStep } from '../sandboxes/steps.ts'
import { openSqliteStore } from '../store/database.ts'
import type { Store } from '../store/store.ts'
import { Fence } from './fence.ts'

/** Owner of everything that the harness makes. */
export const TEAM = 'team-a'

const TEMPLATE: NodeTemplate = {
  id: 'base',
  names: ['base'],
  limits: { memoryMb: 512, cpuCount: 2 },
  diskSizeMb: 10_240,
}

/** An empty store in memory with two teams, the harness's among them. */
export async function openTestStore(): Promise<Store> {
  const store = await openSqliteStore(':memory:')
  for (const id of [TEAM, 'team-b']) await store.teams.insertTeam({ id, name: id, createdAtMs: 0 })
  return store
}

/** Attributes of a test's sandbox; timeouts in seconds. */
export interface TestSandbox extends Partial<Omit<CreateRequest, 'timeoutMs' | 'template'>> {
  timeoutS?: number
}

/** The lifecycle over a fake node, an in-memory store and a clock that only tests move. */
export class Harness implements AsyncDisposable {
  readonly store: Store
  readonly node: FakeNode
  readonly clock: FakeClock
  /** Not started, so that hours pass quickly; a test that wants points starts it. */
  readonly metrics: SandboxMetrics
  /** The steps that operations reached, in order. */
  readonly steps: ServerStep[] = []
  /** The service that calls go to; {@link restart} replaces it. */
  service: SandboxService

  #fence = new Fence()
  #crashStep: ServerStep | undefined

  private constructor(store: Store, node: FakeNode, clock: FakeClock) {
    this.store = store
    this.node = node
    this.clock = clock
    this.metrics = new SandboxMetrics({ node, clock, logger: silentLogger })
    this.service = this.#newService(node)
  }

  /** Makes and starts one, over a store of its own unless one is given. */
  static async start(store?: Store): Promise<Harness> {
    const clock = new FakeClock()
    const harness = new Harness(store ?? (await openTestStore()), new FakeNode(), clock)
    await harness.service.start()
    return harness
  }

  /** Puts another service over the same store and node, as a start does; the old one is forgotten. */
  async restart(node: NodeClient = this.node): Promise<void> {
    this.service = this.#newService(node)
    await this.service.start()
  }

  /** Ends the service as kill -9 does; {@link restart} brings another. */
  crash(): void {
    this.#fence.drop()
  }

  /** Ends the service as kill -9 does when an operation reaches `step`; resolves then. */
  async crashAt(step: ServerStep): Promise<void> {
    this.#crashStep = step
    await this.#fence.fell
  }

  /** Puts a service over another view of the node in place, without a reconcile. */
  use(node: NodeClient): void {
    this.service = this.#newService(node)
  }

  #newService(node: NodeClient): SandboxService {
    const fence = new Fence()
    this.#fence = fence
    this.#crashStep = undefined
    return new SandboxService({
      store: fence.around(this.store),
      node: fence.around(node, (name) => name === 'onEvent'),
      clock: this.clock,
      logger: silentLogger,
      maxTimeoutHours: 24,
      onStep: (step) => {
        this.steps.push(step)
        if (step === this.#crashStep) fence.drop()
      },
    })
  }

  async create(attributes: TestSandbox = {}): Promise<SandboxId> {
    return (await this.service.create(TEAM, testRequest(attributes))).id
  }

  /** As a create with an `Idempotency-Key` does. */
  async createOnce(repeatable: RepeatableCreate, teamId: string = TEAM): Promise<Sandbox> {
    return await this.service.create(teamId, testRequest({}), repeatable)
  }

  async connect(id: string, timeoutS = 300): Promise<{ sandbox: Sandbox; isResumed: boolean }> {
    return await this.service.connect(TEAM, id, { timeoutMs: timeoutS * 1000, memory: true })
  }

  async pause(id: string, memory = true): Promise<void> {
    await this.service.pause(TEAM, id, { memory })
  }

  async kill(id: string): Promise<void> {
    await this.service.kill(TEAM, id)
  }

  /** As traffic to one of its ports does. */
  async wake(id: SandboxId): Promise<void> {
    await this.service.routes.wake(id, AbortSignal.timeout(60_000))
  }

  async get(id: string): Promise<Sandbox> {
    return await this.service.get(TEAM, id)
  }

  /** The stored state, or "gone". */
  async state(id: SandboxId): Promise<string> {
    return (await this.store.sandboxes.find(id))?.state ?? 'gone'
  }

  /** A request, stream or socket that opens now; call the answer to close it. */
  openConnection(id: SandboxId): () => void {
    const { routes } = this.service
    routes.connectionChanged(id, 1)
    return () => routes.connectionChanged(id, -1)
  }

  /** Seconds from now to its end. */
  async secondsLeft(id: string): Promise<number> {
    return ((await this.get(id)).endAtMs - this.clock.nowMs()) / 1000
  }

  /** Moves time, in seconds. */
  async pass(seconds: number): Promise<void> {
    await this.clock.advance(seconds * 1000)
  }

  /** Names of the events of a sandbox, oldest first. */
  async events(id: SandboxId): Promise<string[]> {
    return (await this.store.events.listBySandbox(id)).map((event) => event.name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service[Symbol.asyncDispose]()
    await this.store[Symbol.asyncDispose]()
  }
}

/** A create of the template `base`; timeout five minutes unless given. */
export function testRequest({ timeoutS = 300, ...attributes }: TestSandbox): CreateRequest {
  return {
    template: TEMPLATE,
    timeoutMs: timeoutS * 1000,
    autoPause: false,
    autoPauseMemory: true,
    autoResume: false,
    metadata: {},
    envVars: {},
    network: {},
    allowInternetAccess: undefined,
    secure: true,
    ...attributes,
  }
}
