import type { SandboxId } from '@drowse/protocol'

/** Longest run of a model's sandbox, in ms; the harness's. */
const PLAN_MS = 24 * 3_600_000

/** What a create decides, as far as the rules of wire.md §5 depend on it. */
export interface ModelAttributes {
  timeoutS: number
  autoPause: boolean
  autoPauseMemory: boolean
  autoResume: boolean
  /** `metadata.auto_resume` is "true". */
  isLegacyWakeable: boolean
  idleS: number | undefined
}

/** What the rules say about one sandbox; instants in ms. */
export interface ModelSandbox {
  id: SandboxId
  attributes: ModelAttributes
  state: 'running' | 'paused'
  startedAtMs: number
  maxEndAtMs: number
  pausedAtMs: number
  /** Last touch, or end of the last connection. */
  lastMs: number
  connections: number
  /** The pause was asked to keep files only. */
  isFilesOnly: boolean
  hasMemory: boolean
  wasGuestSilent: boolean
  /** The daemon does not answer at this moment. */
  isSilent: boolean
  /** The info says why memory is gone. */
  isCold: boolean
}

/** The rules of wire.md §5, in plain code without a store, a node or concurrency. */
export class SandboxModel {
  readonly sandboxes = new Map<SandboxId, ModelSandbox>()
  nowMs: number

  constructor(nowMs: number) {
    this.nowMs = nowMs
  }

  create(id: SandboxId, attributes: ModelAttributes): void {
    const sandbox: ModelSandbox = {
      id,
      attributes,
      state: 'running',
      startedAtMs: 0,
      maxEndAtMs: 0,
      pausedAtMs: 0,
      lastMs: 0,
      connections: 0,
      isFilesOnly: false,
      hasMemory: false,
      wasGuestSilent: false,
      isSilent: false,
      isCold: false,
    }
    this.#begin(sandbox, attributes.timeoutS * 1000)
    this.sandboxes.set(id, sandbox)
  }

  /** When it ends as things are. */
  endAtMs(sandbox: ModelSandbox): number {
    if (sandbox.state === 'paused') return sandbox.pausedAtMs
    const { idleS } = sandbox.attributes
    if (sandbox.connections > 0 || idleS === undefined || idleS < 30) return sandbox.maxEndAtMs
    return Math.min(sandbox.maxEndAtMs, sandbox.lastMs + idleS * 1000)
  }

  /** The running sandbox that ends first, when one ends until `untilMs`. */
  nextToEnd(untilMs = Infinity): ModelSandbox | undefined {
    return [...this.sandboxes.values()]
      .filter((sandbox) => sandbox.state === 'running' && this.endAtMs(sandbox) <= untilMs)
      .toSorted((a, b) => this.endAtMs(a) - this.endAtMs(b))[0]
  }

  /** Lets time go by, with everything that ends meanwhile. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms
    for (let next = this.nextToEnd(untilMs); next !== undefined; next = this.nextToEnd(untilMs)) {
      this.nowMs = Math.max(this.nowMs, this.endAtMs(next))
      this.end(next)
    }
    this.nowMs = untilMs
  }

  /** Time goes by while no service runs; then one starts. */
  restart(downMs: number): void {
    this.nowMs += downMs
    for (const sandbox of this.sandboxes.values()) {
      sandbox.connections = 0
      sandbox.lastMs = this.nowMs
    }
    this.advance(0)
  }

  /** Its time is up. */
  end(sandbox: ModelSandbox): void {
    const { autoPause, autoPauseMemory } = sandbox.attributes
    if (autoPause) this.pause(sandbox, autoPauseMemory || sandbox.isSilent, !autoPauseMemory && !sandbox.isSilent)
    else this.sandboxes.delete(sandbox.id)
  }

  pause(sandbox: ModelSandbox, hasMemory: boolean, isFilesOnly = !hasMemory): void {
    Object.assign(sandbox, {
      state: 'paused',
      pausedAtMs: this.nowMs,
      connections: 0,
      hasMemory,
      isFilesOnly,
      wasGuestSilent: sandbox.isSilent,
      isCold: false,
    } satisfies Partial<ModelSandbox>)
  }

  /** Its processes end by themselves. */
  die(sandbox: ModelSandbox): void {
    if (!sandbox.attributes.autoPause) {
      this.sandboxes.delete(sandbox.id)
      return
    }
    this.pause(sandbox, false, false)
    Object.assign(sandbox, { isCold: true, wasGuestSilent: false } satisfies Partial<ModelSandbox>)
  }

  /** Begins a run of a paused one. */
  start(sandbox: ModelSandbox, timeoutMs: number, memory: boolean): void {
    sandbox.isCold = !memory || !sandbox.hasMemory
    this.#begin(sandbox, timeoutMs)
  }

  isWakeable({ attributes, isFilesOnly }: ModelSandbox): boolean {
    return !isFilesOnly && ((attributes.autoResume && attributes.autoPause) || attributes.isLegacyWakeable)
  }

  wakeTimeoutMs({ attributes }: ModelSandbox): number {
    return Math.min(Math.max(300_000, attributes.timeoutS * 1000), PLAN_MS)
  }

  /** `connect` and `refresh` on a running one. */
  extend(sandbox: ModelSandbox, timeoutMs: number): void {
    const wantedMs = Math.min(this.nowMs + timeoutMs, sandbox.startedAtMs + PLAN_MS)
    sandbox.maxEndAtMs = Math.max(sandbox.maxEndAtMs, wantedMs)
    sandbox.lastMs = this.nowMs
  }

  setTimeout(sandbox: ModelSandbox, timeoutMs: number): void {
    sandbox.maxEndAtMs = Math.min(this.nowMs + Math.max(0, timeoutMs), sandbox.startedAtMs + PLAN_MS)
    sandbox.lastMs = this.nowMs
  }

  disconnect(sandbox: ModelSandbox): void {
    sandbox.connections -= 1
    if (sandbox.connections === 0) sandbox.lastMs = this.nowMs
  }

  #begin(sandbox: ModelSandbox, timeoutMs: number): void {
    Object.assign(sandbox, {
      state: 'running',
      startedAtMs: this.nowMs,
      maxEndAtMs: this.nowMs + Math.min(timeoutMs, PLAN_MS),
      lastMs: this.nowMs,
      hasMemory: false,
      isFilesOnly: false,
      wasGuestSilent: false,
    } satisfies Partial<ModelSandbox>)
  }
}
