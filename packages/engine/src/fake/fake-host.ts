import type { DrowseError } from '@drowse/protocol'
import { EngineListeners } from '../engine-listeners.ts'
import type { BootReport, Engine, EngineEvent, EngineStatus, SandboxSpec, Traffic } from '../engine.ts'
import type { FakeGuest } from './fake-guest.ts'

/** Methods of an engine that can be made to fail. */
export type FaultMethod = {
  [Name in keyof Engine]: Engine[Name] extends (...args: never[]) => Promise<unknown> ? Name : never
}[keyof Engine]

const MESSAGE_BYTES = 100

/** One sandbox on a {@link FakeHost}. */
export interface FakeSandbox {
  spec: SandboxSpec
  /** Absent until it is started or restored. */
  guest: FakeGuest | undefined
  /** Its processes ended on their own; only leftovers are here. */
  isDead: boolean
}

/**
 * What stays when an engine object goes, as a machine's kernel does when a service restarts: the sandboxes of the fake engine.
 * Also the place from which tests break things. Dispose of it to close every guest's server.
 */
export class FakeHost implements AsyncDisposable {
  readonly sandboxes = new Map<string, FakeSandbox>()
  /** Slots whose addresses something else on the host uses, and what that is. */
  readonly foreignSlots = new Map<number, string>()
  /** How every boot goes while this is set: its processes end at once. */
  bootReport: BootReport | undefined
  /** What guests that have ended had sent and received. */
  readonly #pastTraffic = new Map<string, Traffic>()
  readonly #faults = new Map<FaultMethod, DrowseError[]>()
  readonly #listeners = new EngineListeners()

  /** What {@link Engine.onEvent} does for every engine on this host. */
  onEvent(listener: (event: EngineEvent) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Makes the next call of `method` fail with `error`; calls queue up. A failed call leaves what the contract says. */
  failNext(method: FaultMethod, error: DrowseError): void {
    this.#faults.set(method, [...(this.#faults.get(method) ?? []), error])
  }

  /** Takes the error that the next call of `method` is to throw, if there is one. */
  takeFault(method: FaultMethod): DrowseError | undefined {
    return this.#faults.get(method)?.shift()
  }

  /** Ends a sandbox's processes as a crash does; its leftovers stay. Emits "exited" when it had been started. */
  async crash(id: string): Promise<void> {
    const sandbox = this.sandboxes.get(id)
    if (sandbox === undefined) return
    const wasStarted = sandbox.guest !== undefined
    sandbox.isDead = true
    this.keepTraffic(id)
    const { guest } = sandbox
    sandbox.guest = undefined
    await guest?.end()
    if (wasStarted && this.sandboxes.get(id) === sandbox) this.#listeners.emit({ id, kind: 'exited' })
  }

  /** Emits "memory-limit" for a running sandbox, as if its `process` had used up the memory. */
  reachMemoryLimit(id: string, process: string): void {
    if (this.status(id) === 'running') this.#listeners.emit({ id, kind: 'memory-limit', process })
  }

  /** Body of the last `POST /start` that a sandbox's guest got since its boot. */
  lastStart(id: string): string | undefined {
    return this.sandboxes.get(id)?.guest?.memory.lastStart
  }

  /** Body of the last `POST /init` that a sandbox's guest got. */
  lastInit(id: string): string | undefined {
    return this.sandboxes.get(id)?.guest?.memory.lastInit
  }

  /** What a sandbox has sent and received: every request and its answer are a hundred bytes. */
  traffic(id: string): Traffic {
    const { sentBytes, receivedBytes } = this.#pastTraffic.get(id) ?? { sentBytes: 0, receivedBytes: 0 }
    const bytes = (this.sandboxes.get(id)?.guest?.requests ?? 0) * MESSAGE_BYTES
    return { sentBytes: sentBytes + bytes, receivedBytes: receivedBytes + bytes }
  }

  /** To be called before a guest is taken away. */
  keepTraffic(id: string): void {
    this.#pastTraffic.set(id, this.traffic(id))
  }

  status(id: string): EngineStatus {
    const sandbox = this.sandboxes.get(id)
    if (sandbox === undefined || sandbox.isDead) return 'absent'
    if (sandbox.guest === undefined) return 'created'
    return sandbox.guest.isFrozen ? 'frozen' : 'running'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const sandboxes = [...this.sandboxes.values()]
    this.sandboxes.clear()
    await Promise.all(sandboxes.map(async (sandbox) => await sandbox.guest?.end()))
  }
}
