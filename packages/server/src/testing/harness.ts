import { FakeClock, silentLogger } from '@drowse/common'
import { FakeNode, type NodeClient, type NodeTemplate } from '@drowse/node'
import type { SandboxId } from '@drowse/protocol'
import type { CreateRequest } from '../sandboxes/create.ts'
import type { Sandbox } from '../sandboxes/sandbox.ts'
import { SandboxService } from '../sandboxes/service.ts'
import { openSqliteStore } from '../store/database.ts'
import type { Store } from '../store/store.ts'

/** Owner of everything that the harness makes. */
export const TEAM = 'team-a'

const TEMPLATE: NodeTemplate = {
  id: 'base',
  names: ['base'],
  limits: { memoryMb: 512, cpuCount: 2 },
  diskSizeMb: 10_240,
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
  /** The service that calls go to; {@link restart} replaces it. */
  service: SandboxService

  private constructor(store: Store, node: FakeNode, clock: FakeClock) {
    this.store = store
    this.node = node
    this.clock = clock
    this.service = this.#newService(node)
  }

  /** Makes and starts one. */
  static async start(): Promise<Harness> {
    const store = await openSqliteStore(':memory:')
    const clock = new FakeClock()
    for (const id of [TEAM, 'team-b']) await store.teams.insertTeam({ id, name: id, createdAtMs: clock.nowMs() })
    const harness = new Harness(store, new FakeNode(), clock)
    await harness.service.start()
    return harness
  }

  /** Puts another service over the same store and node, as a start after a crash does; the old one is forgotten. */
  async restart(node: NodeClient = this.node): Promise<void> {
    this.service = this.#newService(node)
    await this.service.start()
  }

  /** Puts a service over another view of the node in place, without a reconcile. */
  use(node: NodeClient): void {
    this.service = this.#newService(node)
  }

  #newService(node: NodeClient): SandboxService {
    const { store, clock } = this
    return new SandboxService({ store, node, clock, logger: silentLogger, maxTimeoutHours: 24 })
  }

  async create(attributes: TestSandbox = {}): Promise<SandboxId> {
    const { timeoutS = 300, ...rest } = attributes
    const sandbox = await this.service.create(TEAM, {
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
      ...rest,
    })
    return sandbox.id
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
