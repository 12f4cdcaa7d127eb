import type { EgressPolicy, SandboxLimits, Traffic } from '@drowse/engine'
import { DrowseError, newSandboxId, type SandboxId } from '@drowse/protocol'
import { KillableOperations } from '../killable-operations.ts'
import type {
  NodeClient,
  NodeCreateRequest,
  NodeEvent,
  NodeInit,
  NodePauseResult,
  NodeResumeResult,
  NodeSandbox,
  NodeTemplate,
  NodeUsage,
} from '../node-client.ts'
import { NodeEvents } from '../node-events.ts'
import type { TemplateBuildHistory, TemplateBuildStatus } from '../templates/template-builds.ts'
import { describeSandbox, wakeResult, type FakeSandbox } from './fake-sandbox.ts'

/** Name of a call that a {@link FakeNode} counts and can be told to fail or hold. */
export type NodeMethod = keyof NodeClient

/** A call that {@link FakeNode.blockNext} holds. */
export interface BlockedCall {
  /** Resolves when the call has come. */
  entered: Promise<void>
  /** Lets the call go on. Calling it before the call comes, or twice, is fine. */
  release(): void
}

/** What a {@link FakeNode} starts with. */
export interface FakeNodeOptions {
  /** Default: one template `base` with 512 MiB and 2 CPUs. */
  templates?: NodeTemplate[]
  /** Where ports of running sandboxes are reached. Default: the same port on 127.0.0.1. */
  endpoint?: (id: SandboxId, port: number) => { host: string; port: number }
}

type Fault = () => Promise<void>

const BASE: NodeTemplate = {
  id: 'base',
  names: ['base'],
  limits: { memoryMb: 512, cpuCount: 2 },
  diskSizeMb: 10_240,
}

/** Use of a sandbox that was not told another. */
const IDLE = {
  cpuCount: 2,
  cpuMs: 0,
  memoryBytes: 1024 * 1024,
  cacheBytes: 0,
  diskBytes: 0,
  sentBytes: 0,
  receivedBytes: 0,
}

/** A node in memory, for tests of what stands above nodes. It keeps the contract of {@link NodeClient}; nothing survives it. */
export class FakeNode implements NodeClient {
  /** How often each method was called, failed calls included. */
  readonly calls: Record<NodeMethod, number> = {
    claim: 0,
    create: 0,
    pause: 0,
    resume: 0,
    setEgress: 0,
    kill: 0,
    find: 0,
    inventory: 0,
    usage: 0,
    traffic: 0,
    templates: 0,
    templateBuilds: 0,
    lastBuild: 0,
    endpoint: 0,
    onEvent: 0,
  }
  /** Most sandboxes that may run; a create or resume above it is "rate_limited". */
  maxRunning = Number.POSITIVE_INFINITY
  /** Builds of templates as they are told of. */
  builds: TemplateBuildStatus[] = []
  /** Last builds by the id of the template. */
  readonly lastBuilds = new Map<string, TemplateBuildHistory>()
  readonly #templates: NodeTemplate[]
  readonly #endpoint: (id: SandboxId, port: number) => { host: string; port: number }
  readonly #sandboxes = new Map<SandboxId, FakeSandbox>()
  readonly #operations = new KillableOperations()
  readonly #faults = new Map<NodeMethod, Fault[]>()
  readonly #events = new NodeEvents()
  readonly #usage = new Map<SandboxId, Partial<NodeUsage>>()
  readonly #silent = new Set<SandboxId>()
  readonly #claimable: { id: SandboxId; templateId: string; limits: SandboxLimits }[] = []

  constructor(options: FakeNodeOptions = {}) {
    this.#templates = [...(options.templates ?? [BASE])]
    this.#endpoint = options.endpoint ?? ((_id, port) => ({ host: '127.0.0.1', port }))
  }

  /** Makes the next call of `method` that has no fault yet fail with `error`, without effect. */
  failNext(method: NodeMethod, error: Error): void {
    this.#addFault(method, () => Promise.reject(error))
  }

  /** Holds the next call of `method` that has no fault yet, before its effect, until released. */
  blockNext(method: NodeMethod): BlockedCall {
    const entered = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    this.#addFault(method, () => {
      entered.resolve()
      return released.promise
    })
    return { entered: entered.promise, release: () => released.resolve() }
  }

  /** Ends the processes of a running sandbox, as an out-of-memory kill or a reboot does; its files stay. */
  loseProcesses(id: SandboxId): void {
    const sandbox = this.#get(id)
    if (sandbox.status === 'running') Object.assign(sandbox, { status: 'paused', tier: 'files' })
  }

  /** Makes something happen to a sandbox by itself: its state follows the event, then listeners are told. */
  emit(event: NodeEvent): void {
    if (event.kind === 'tier') this.#get(event.id).tier = event.tier
    if (event.kind === 'died') this.loseProcesses(event.id)
    this.#events.emit(event)
  }

  /** Adds a template, as a build that ends does. */
  addTemplate(template: NodeTemplate): void {
    this.#templates.push(template)
  }

  /** Makes the daemon of a sandbox silent, or lets it answer again. */
  setGuestSilent(id: SandboxId, isSilent: boolean): void {
    if (isSilent) this.#silent.add(id)
    else this.#silent.delete(id)
  }

  /** Makes a sandbox ahead, by default for the first template with its own limits; a `claim` hands its id out, the oldest first. */
  addClaimable(templateId?: string, limits?: SandboxLimits): SandboxId {
    const template = this.#templates.find(({ id }) => templateId === undefined || id === templateId)
    if (template === undefined) throw missingTemplate(String(templateId))
    const id = newSandboxId()
    this.#claimable.push({ id, templateId: template.id, limits: limits ?? template.limits })
    return id
  }

  /** Makes the saved memory of a paused sandbox unusable: the next resume is cold, with `reason`. */
  spoilMemory(id: SandboxId, reason: string): void {
    this.#get(id).coldReason = reason
  }

  /** Sets what a sandbox uses while it runs. */
  setUsage(id: SandboxId, usage: Partial<Omit<NodeUsage, 'id'>>): void {
    this.#usage.set(id, usage)
  }

  /** What the daemon of a sandbox was last told. */
  lastInit(id: SandboxId): NodeInit | undefined {
    return this.#sandboxes.get(id)?.init
  }

  onEvent(listener: (event: NodeEvent) => void): () => void {
    this.calls.onEvent++
    return this.#events.listen(listener)
  }

  /** What a sandbox may reach outside. */
  egressOf(id: SandboxId): EgressPolicy | undefined {
    return this.#get(id).egress
  }

  async claim(templateId: string, limits: SandboxLimits): Promise<SandboxId | undefined> {
    this.calls.claim++
    await this.#takeFault('claim')
    const at = this.#claimable.findIndex(
      (made) =>
        made.templateId === templateId &&
        made.limits.memoryMb === limits.memoryMb &&
        made.limits.cpuCount === limits.cpuCount,
    )
    return at < 0 ? undefined : this.#claimable.splice(at, 1)[0]?.id
  }

  async create(request: NodeCreateRequest): Promise<void> {
    const { id } = request
    await this.#operate('create', id, (signal) => {
      const existing = this.#sandboxes.get(id)
      if (existing?.status === 'running') return
      if (existing !== undefined) throw new DrowseError('conflict', `Cannot create sandbox "${id}": it is paused`)
      if (!this.#templates.some((template) => template.id === request.templateId)) {
        throw missingTemplate(request.templateId)
      }
      this.#admit('create', id)
      signal.throwIfAborted()
      this.#sandboxes.set(id, { status: 'running', tier: 'files', init: request.init, egress: request.egress })
    })
  }

  async pause(id: SandboxId, options: { memory: boolean; requireHealthyGuest?: boolean }): Promise<NodePauseResult> {
    return this.#operate('pause', id, () => {
      const sandbox = this.#get(id)
      if (sandbox.status === 'paused') return { wasGuestSilent: sandbox.wasGuestSilent === true }
      const wasGuestSilent = this.#silent.has(id)
      if (wasGuestSilent && (options.requireHealthyGuest === true || !options.memory)) {
        throw new DrowseError('unavailable', `Cannot pause sandbox "${id}": its daemon does not answer`)
      }
      Object.assign(sandbox, { status: 'paused', tier: options.memory ? 'frozen' : 'files', wasGuestSilent })
      return { wasGuestSilent }
    })
  }

  async resume(id: SandboxId, options: { init: NodeInit; memory: boolean }): Promise<NodeResumeResult> {
    return this.#operate('resume', id, () => {
      const sandbox = this.#get(id)
      if (sandbox.status === 'paused') this.#admit('resume', id)
      const result = wakeResult(sandbox, options.memory)
      const coldStart = sandbox.status === 'running' ? sandbox.coldStart : result.coldReason
      const cold = coldStart === undefined ? {} : { coldStart }
      const { egress } = sandbox
      this.#sandboxes.set(id, { status: 'running', tier: 'files', init: options.init, egress, ...cold })
      return result
    })
  }

  async setEgress(id: SandboxId, policy: EgressPolicy | undefined, init: NodeInit): Promise<void> {
    await this.#operate('setEgress', id, () => {
      Object.assign(this.#get(id), { egress: policy, init })
    })
  }

  async kill(id: SandboxId): Promise<void> {
    this.calls.kill++
    await this.#takeFault('kill')
    this.#operations.interrupt(id)
    this.#sandboxes.delete(id)
    this.#silent.delete(id)
    this.#usage.delete(id)
  }

  async find(id: SandboxId): Promise<NodeSandbox | undefined> {
    this.calls.find++
    await this.#takeFault('find')
    const sandbox = this.#sandboxes.get(id)
    return sandbox === undefined ? undefined : describeSandbox(id, sandbox)
  }

  async inventory(): Promise<NodeSandbox[]> {
    this.calls.inventory++
    await this.#takeFault('inventory')
    return [...this.#sandboxes].map(([id, sandbox]) => describeSandbox(id, sandbox))
  }

  async traffic(id: SandboxId): Promise<Traffic | undefined> {
    this.calls.traffic++
    await this.#takeFault('traffic')
    if (!this.#sandboxes.has(id)) return undefined
    const { sentBytes, receivedBytes } = { ...IDLE, ...this.#usage.get(id) }
    return { sentBytes, receivedBytes }
  }

  async usage(): Promise<NodeUsage[]> {
    this.calls.usage++
    await this.#takeFault('usage')
    return [...this.#sandboxes]
      .filter(([, { status }]) => status === 'running')
      .map(([id]) => ({ id, ...IDLE, ...this.#usage.get(id) }))
  }

  async templates(): Promise<NodeTemplate[]> {
    this.calls.templates++
    await this.#takeFault('templates')
    return structuredClone(this.#templates)
  }

  async templateBuilds(): Promise<TemplateBuildStatus[]> {
    this.calls.templateBuilds++
    await this.#takeFault('templateBuilds')
    return structuredClone(this.builds)
  }

  async lastBuild(templateId: string): Promise<TemplateBuildHistory | undefined> {
    this.calls.lastBuild++
    await this.#takeFault('lastBuild')
    return structuredClone(this.lastBuilds.get(templateId))
  }

  async endpoint(id: SandboxId, port: number): Promise<{ host: string; port: number }> {
    this.calls.endpoint++
    await this.#takeFault('endpoint')
    const sandbox = this.#get(id)
    if (sandbox.status !== 'running') throw new DrowseError('not_found', `Cannot reach sandbox "${id}": it is paused`)
    return this.#endpoint(id, port)
  }

  async #operate<T>(
    method: 'create' | 'pause' | 'resume' | 'setEgress',
    id: SandboxId,
    effect: (signal: AbortSignal) => T,
  ): Promise<T> {
    this.calls[method]++
    const fault = this.#faults.get(method)?.shift()
    return this.#operations.run(id, async (signal) => {
      await fault?.()
      signal.throwIfAborted()
      return effect(signal)
    })
  }

  #admit(action: string, id: SandboxId): void {
    const running = [...this.#sandboxes.values()].filter(({ status }) => status === 'running').length
    if (running < this.maxRunning) return
    throw new DrowseError(
      'rate_limited',
      `Cannot ${action} sandbox "${id}": ${running} of at most ${this.maxRunning} sandboxes run`,
    )
  }

  #addFault(method: NodeMethod, fault: Fault): void {
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), fault])
  }

  async #takeFault(method: NodeMethod): Promise<void> {
    await this.#faults.get(method)?.shift()?.()
  }

  #get(id: SandboxId): FakeSandbox {
    const sandbox = this.#sandboxes.get(id)
    if (sandbox === undefined) throw new DrowseError('not_found', `Cannot find sandbox "${id}": it is not on this node`)
    return sandbox
  }
}

function missingTemplate(id: string): DrowseError {
  return new DrowseError('not_found', `Cannot find template "${id}": it is not on this node`)
}
