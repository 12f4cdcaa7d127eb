import { join } from 'node:path'
import { deadline, pollUntil, type KeyedMutex } from '@drowse/common'
import type { EngineListeners } from '../../engine-listeners.ts'
import { sandboxCgroup } from '../cgroups.ts'
import { listContainerIds, readContainerState } from '../container-state.ts'
import { freezeSandbox, thawSandbox } from '../freeze-sandbox.ts'
import type { GvisorHost } from '../gvisor-host.ts'
import { isContainerProcess, killProcess } from '../processes.ts'
import { findSandboxRecord } from '../sandbox-record.ts'
import { readSandboxStatus } from '../sandbox-status.ts'
import { ExitWatch } from './exit-watch.ts'
import { MemoryGuard, type GuardedMemory } from './memory-guard.ts'
import { memoryLimits } from './memory-limits.ts'
import { readPromisedMemory } from './promised-memory.ts'

/** Most time, in ms, for which letting go on what the guard has frozen is tried. */
const THAW_TIMEOUT_MS = 30_000

/** What a {@link SandboxWatch} works with. */
export interface SandboxWatchOptions {
  host: GvisorHost
  listeners: EngineListeners
  /** Held by every call that changes a sandbox, destroy excepted. */
  turns: KeyedMutex
}

/** Watches every sandbox that has processes: tells when they end, and keeps a running one within its memory. */
export class SandboxWatch {
  readonly #host: GvisorHost
  readonly #listeners: EngineListeners
  readonly #turns: KeyedMutex
  readonly #exits = new ExitWatch()
  readonly #guards = new Map<string, MemoryGuard>()
  /** Of sandboxes that were guarded once: what they are promised stays as it is. */
  readonly #memories = new Map<string, GuardedMemory>()
  readonly #known = new Set<string>()
  readonly #ending = new Set<string>()

  constructor({ host, listeners, turns }: SandboxWatchOptions) {
    this.#host = host
    this.#listeners = listeners
    this.#turns = turns
  }

  /** Begins to watch a sandbox that was started or restored. */
  async begin(id: string): Promise<void> {
    await this.#follow(id)
    await this.guard(id)
  }

  /** Begins to keep a running sandbox within its memory. Where that is not possible it is logged, and the sandbox runs on. */
  async guard(id: string): Promise<void> {
    const memory = this.#memories.get(id) ?? (await this.#readMemory(id))
    if (memory === undefined || !this.#known.has(id)) return
    this.#memories.set(id, memory)
    this.unguard(id)
    try {
      this.#guards.set(id, new MemoryGuard(id, memory, this.#host.logger))
    } catch (error) {
      this.#host.logger.warn({ id, err: error }, 'cannot guard the memory of a sandbox')
    }
  }

  /** Ends what {@link SandboxWatch.guard} began: nothing in a frozen sandbox can grow. */
  unguard(id: string): void {
    this.#guards.get(id)?.end()
    this.#guards.delete(id)
  }

  /** Ends the watch of a sandbox and does `destroy`, one at a time for each id; nothing is told of it meanwhile. */
  async endBy(id: string, destroy: () => Promise<void>): Promise<void> {
    this.#ending.add(id)
    this.#end(id)
    try {
      await destroy()
    } finally {
      this.#ending.delete(id)
    }
  }

  /** Begins to watch the sandboxes that an earlier service left with processes. */
  async adopt(): Promise<void> {
    const { stateDirectory } = this.#host
    for (const id of await listContainerIds(stateDirectory)) {
      await this.#turns.run(id, async () => {
        const state = await readContainerState(stateDirectory, id)
        const isStarted = state?.status === 'running' || state?.status === 'paused'
        if (!isStarted || this.#known.has(id) || (await findSandboxRecord(stateDirectory, id)) === undefined) return
        await this.#follow(id)
        const { status } = await readSandboxStatus(this.#host, id).catch(() => ({ status: 'absent' }))
        if (status === 'running') await this.guard(id)
      })
    }
  }

  async #readMemory(id: string): Promise<GuardedMemory | undefined> {
    const { instance, stateDirectory } = this.#host
    const [state, record] = await Promise.all([
      readContainerState(stateDirectory, id),
      findSandboxRecord(stateDirectory, id),
    ])
    const memoryBytes = record && (await readPromisedMemory(join(record.directory, 'bundle')))
    if (state === undefined || memoryBytes === undefined) return undefined
    const cgroup = sandboxCgroup(instance, id)
    return {
      cgroupPath: cgroup.path,
      socketPath: state.controlSocketPath,
      limits: memoryLimits(memoryBytes),
      whileFrozen: async (work) => await this.#whileFrozen(id, work),
      onLimit: ({ name }) => this.#listeners.emit({ id, kind: 'memory-limit', process: name }),
      giveUp: async () => (await cgroup.processes()).forEach(killProcess),
    }
  }

  async #follow(id: string): Promise<void> {
    const { stateDirectory } = this.#host
    const state = await readContainerState(stateDirectory, id)
    if (state === undefined || this.#ending.has(id)) return
    this.#known.add(id)
    this.#exits.add(id, {
      socketPath: state.controlSocketPath,
      isAlive: async () => await isContainerProcess(state.sandboxPid, { id, stateDirectory }),
      onExit: async () => await this.#tellExit(id),
    })
  }

  async #whileFrozen<T>(id: string, work: () => Promise<T>): Promise<T> {
    return await this.#turns.run(id, async () => {
      const signal = deadline(THAW_TIMEOUT_MS, `let sandbox "${id}" go on`)
      try {
        await freezeSandbox(this.#host, id, signal)
        return await work()
      } finally {
        const thaw = async (): Promise<true | undefined> => {
          const isOver = !this.#guards.has(id)
          return await thawSandbox(this.#host, id, signal).then(
            () => true as const,
            () => (isOver ? true : undefined),
          )
        }
        await pollUntil(thaw, { intervalMs: 5, maxIntervalMs: 500, signal })
      }
    })
  }

  async #tellExit(id: string): Promise<void> {
    // The record goes last in a destroy, so without one there is nothing left to tell of.
    if ((await findSandboxRecord(this.#host.stateDirectory, id)) === undefined || !this.#known.has(id)) return
    this.#end(id)
    this.#listeners.emit({ id, kind: 'exited' })
  }

  #end(id: string): void {
    this.#known.delete(id)
    this.#memories.delete(id)
    this.#exits.remove(id)
    this.unguard(id)
  }
}
