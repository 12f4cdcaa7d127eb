import { DrowseError, type SandboxId } from '@drowse/protocol'
import { KillableOperations } from '../killable-operations.ts'
import type {
  NodeClient,
  NodeCreateRequest,
  NodeInit,
  NodeResumeResult,
  NodeSandbox,
  NodeTemplate,
} from '../node-client.ts'

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

interface FakeSandbox {
  status: 'running' | 'paused'
  hasMemory: boolean
  init: NodeInit
  coldReason?: string
}

type Fault = () => Promise<void>

const BASE: NodeTemplate = {
  id: 'base',
  names: ['base'],
  limits: { memoryMb: 512, cpuCount: 2 },
  diskSizeMb: 10_240,
}

/** A node in memory, for tests of what stands above nodes. It keeps the contract of {@link NodeClient}; nothing survives it. */
export class FakeNode implements NodeClient {
  /** How often each method was called, failed calls included. */
  readonly calls: Record<NodeMethod, number> = {
    create: 0,
    pause: 0,
    resume: 0,
    kill: 0,
    find: 0,
    inventory: 0,
    templates: 0,
    endpoint: 0,
  }
  readonly #templates: NodeTemplate[]
  readonly #endpoint: (id: SandboxId, port: number) => { host: string; port: number }
  readonly #sandboxes = new Map<SandboxId, FakeSandbox>()
  readonly #operations = new KillableOperations()
  readonly #faults = new Map<NodeMethod, Fault[]>()

  constructor(options: FakeNodeOptions = {}) {
    this.#templates = options.templates ?? [BASE]
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
    if (sandbox.status === 'running') Object.assign(sandbox, { status: 'paused', hasMemory: false })
  }

  /** Makes the saved memory of a paused sandbox unusable: the next resume is cold, with `reason`. */
  spoilMemory(id: SandboxId, reason: string): void {
    this.#get(id).coldReason = reason
  }

  /** What the daemon of a sandbox was last told. */
  lastInit(id: SandboxId): NodeInit | undefined {
    return this.#sandboxes.get(id)?.init
  }

  async create(request: NodeCreateRequest): Promise<void> {
    const { id } = request
    await this.#operate('create', id, (signal) => {
      const existing = this.#sandboxes.get(id)
      if (existing?.status === 'running') return
      if (existing !== undefined) throw new DrowseError('conflict', `Cannot create sandbox "${id}": it is paused`)
      if (!this.#templates.some((template) => template.id === request.templateId)) {
        throw new DrowseError('not_found', `Cannot find template "${request.templateId}": it is not on this node`)
      }
      signal.throwIfAborted()
      this.#sandboxes.set(id, { status: 'running', hasMemory: false, init: request.init })
    })
  }

  async pause(id: SandboxId, options: { memory: boolean }): Promise<void> {
    await this.#operate('pause', id, () => {
      const sandbox = this.#get(id)
      if (sandbox.status === 'running') Object.assign(sandbox, { status: 'paused', hasMemory: options.memory })
    })
  }

  async resume(id: SandboxId, options: { init: NodeInit; memory: boolean }): Promise<NodeResumeResult> {
    return this.#operate('resume', id, () => {
      const sandbox = this.#get(id)
      sandbox.init = options.init
      if (sandbox.status === 'running') return { isCold: false }
      const coldReason = whyCold(sandbox, options.memory)
      this.#sandboxes.set(id, { status: 'running', hasMemory: false, init: options.init })
      return coldReason === undefined ? { isCold: false } : { isCold: true, coldReason }
    })
  }

  async kill(id: SandboxId): Promise<void> {
    this.calls.kill++
    await this.#takeFault('kill')
    this.#operations.interrupt(id)
    this.#sandboxes.delete(id)
  }

  async find(id: SandboxId): Promise<NodeSandbox | undefined> {
    this.calls.find++
    await this.#takeFault('find')
    const sandbox = this.#sandboxes.get(id)
    return sandbox === undefined ? undefined : describe(id, sandbox)
  }

  async inventory(): Promise<NodeSandbox[]> {
    this.calls.inventory++
    await this.#takeFault('inventory')
    return [...this.#sandboxes].map(([id, sandbox]) => describe(id, sandbox))
  }

  async templates(): Promise<NodeTemplate[]> {
    this.calls.templates++
    await this.#takeFault('templates')
    return structuredClone(this.#templates)
  }

  async endpoint(id: SandboxId, port: number): Promise<{ host: string; port: number }> {
    this.calls.endpoint++
    await this.#takeFault('endpoint')
    const sandbox = this.#get(id)
    if (sandbox.status !== 'running') throw new DrowseError('not_found', `Cannot reach sandbox "${id}": it is paused`)
    return this.#endpoint(id, port)
  }

  async #operate<T>(
    method: 'create' | 'pause' | 'resume',
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

function describe(id: SandboxId, sandbox: FakeSandbox): NodeSandbox {
  return { id, status: sandbox.status, hasMemory: sandbox.status === 'paused' && sandbox.hasMemory }
}

function whyCold(sandbox: FakeSandbox, memory: boolean): string | undefined {
  if (!memory) return 'a boot from files was asked for'
  if (!sandbox.hasMemory) return 'no memory was saved'
  return sandbox.coldReason
}
