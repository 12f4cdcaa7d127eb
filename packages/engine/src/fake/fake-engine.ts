import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import { engineError, statusConflict } from '../engine-error.ts'
import type {
  BootReport,
  Engine,
  EngineBuild,
  EngineEntry,
  EngineEvent,
  EngineStatus,
  EngineUsage,
  NetworkSlot,
  SandboxSpec,
  Traffic,
} from '../engine.ts'
import { checkEgressPolicy, type EgressPolicy } from '../egress/egress-policy.ts'
import type { ForeignSlots } from '../network/foreign-slots.ts'
import { FakeGuest, type FakeMemory } from './fake-guest.ts'
import type { FakeHost, FaultMethod } from './fake-host.ts'

const IMAGE_FILE = 'memory.json'
/** Memory that every running fake sandbox reports, in bytes. */
const MEMORY_BYTES = 1024 * 1024

/** As many as the default subnet of the real engine has. */
const SLOTS = 16_384

const imageSchema = z.object({ counter: z.number(), lastInit: z.string().optional() })

/**
 * An engine in memory, under the same contract as the real one. A guest is a small HTTP server (see {@link FakeGuest})
 * and an image is a JSON file. Sandboxes belong to the host, so a second engine on it adopts them.
 */
export class FakeEngine implements Engine {
  readonly build: EngineBuild
  readonly #host: FakeHost

  constructor(host: FakeHost, build: Partial<EngineBuild> = {}) {
    this.#host = host
    this.build = { kind: 'fake', build: 'fake-build', cpu: 'fake-cpu', ...build }
  }

  async create(spec: SandboxSpec): Promise<void> {
    if (this.#hasShellFor(spec)) return
    await this.#remove(spec.id)
    this.#failIfAsked('create')
    this.#host.sandboxes.set(spec.id, { spec, guest: undefined, isDead: false })
  }

  async start(spec: SandboxSpec): Promise<void> {
    this.#require('start', spec.id, ['created'])
    await this.#bringUp('start', spec.id, async () => ({ counter: 0, lastInit: undefined }))
    if (this.#host.bootReport !== undefined) await this.#host.crash(spec.id)
  }

  async watchBoot(spec: SandboxSpec, _watchMs: number): Promise<BootReport> {
    await this.#remove(spec.id)
    this.#failIfAsked('watchBoot')
    return this.#host.bootReport ?? { output: '' }
  }

  async restore(spec: SandboxSpec, imageDirectory: string): Promise<void> {
    this.#require('restore', spec.id, ['created'])
    await this.#bringUp('restore', spec.id, async () => await readImage(imageDirectory))
  }

  async freeze(id: string): Promise<void> {
    this.#require('freeze', id, ['running', 'frozen'])
    this.#failIfAsked('freeze')
    this.#host.sandboxes.get(id)?.guest?.freeze()
  }

  async thaw(id: string): Promise<void> {
    this.#require('thaw', id, ['running', 'frozen'])
    this.#failIfAsked('thaw')
    this.#host.sandboxes.get(id)?.guest?.thaw()
  }

  async checkpoint(id: string, imageDirectory: string): Promise<{ bytes: number }> {
    this.#require('checkpoint', id, ['frozen'])
    const image = JSON.stringify(this.#host.sandboxes.get(id)?.guest?.memory)
    try {
      await mkdir(imageDirectory, { recursive: true, mode: 0o700 })
      this.#failIfAsked('checkpoint')
      await writeFileAtomic(join(imageDirectory, IMAGE_FILE), image)
    } catch (error) {
      throw error instanceof DrowseError ? error : engineError('checkpoint', id, error)
    }
    return { bytes: Buffer.byteLength(image) }
  }

  async destroy(id: string): Promise<void> {
    this.#failIfAsked('destroy')
    await this.#remove(id)
  }

  async setEgress(id: string, policy: EgressPolicy | undefined): Promise<void> {
    this.#failIfAsked('setEgress')
    const sandbox = this.#host.sandboxes.get(id)
    if (sandbox === undefined || sandbox.isDead) throw statusConflict('set the egress of', id, 'absent')
    if (policy !== undefined) checkEgressPolicy(policy)
    const { egress: _, ...rest } = sandbox.spec
    sandbox.spec = policy === undefined ? rest : { ...rest, egress: policy }
  }

  async status(id: string): Promise<EngineStatus> {
    this.#failIfAsked('status')
    return this.#host.status(id)
  }

  async list(): Promise<EngineEntry[]> {
    this.#failIfAsked('list')
    return [...this.#host.sandboxes.keys()].sort().map((id) => ({ id, status: this.#host.status(id) }))
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    return this.#host.onEvent(listener)
  }

  async memoryBytes(id: string): Promise<number> {
    this.#require('measure', id, ['running', 'frozen'])
    this.#failIfAsked('memoryBytes')
    return MEMORY_BYTES
  }

  /** A fake guest takes a millisecond for each time that it counts. */
  usage(id: string): EngineUsage | undefined {
    const guest = this.#host.sandboxes.get(id)?.guest
    if (guest === undefined) return undefined
    return { cpuMs: guest.memory.counter, memoryBytes: MEMORY_BYTES, cacheBytes: 0 }
  }

  traffic({ id }: Pick<SandboxSpec, 'id'>): Traffic {
    return this.#host.traffic(id)
  }

  /** The server of the slot's sandbox, whatever the port; port 9 (discard, nothing listens) when there is none. */
  foreignSlots(): ForeignSlots {
    return { count: SLOTS, userOf: (slot) => this.#host.foreignSlots.get(slot) }
  }

  endpoint(network: NetworkSlot, _port: number): { host: string; port: number } {
    const found = [...this.#host.sandboxes.values()].find(
      ({ spec, guest }) => spec.network.slot === network.slot && guest !== undefined,
    )
    return { host: '127.0.0.1', port: found?.guest?.port ?? 9 }
  }

  #hasShellFor(spec: SandboxSpec): boolean {
    const found = this.#host.sandboxes.get(spec.id)?.spec
    return this.#host.status(spec.id) === 'created' && JSON.stringify(found) === JSON.stringify(spec)
  }

  async #bringUp(method: 'start' | 'restore', id: string, load: () => Promise<FakeMemory>): Promise<void> {
    try {
      this.#failIfAsked(method)
      const guest = await FakeGuest.boot(await load())
      const sandbox = this.#host.sandboxes.get(id)
      if (sandbox !== undefined) sandbox.guest = guest
      else {
        await guest.end()
        throw new DrowseError('conflict', `Cannot ${method} sandbox "${id}": it was destroyed meanwhile`)
      }
    } catch (error) {
      await this.#remove(id)
      throw error
    }
  }

  async #remove(id: string): Promise<void> {
    this.#host.keepTraffic(id)
    const sandbox = this.#host.sandboxes.get(id)
    this.#host.sandboxes.delete(id)
    await sandbox?.guest?.end()
  }

  #require(action: string, id: string, legal: readonly EngineStatus[]): void {
    const status = this.#host.status(id)
    if (!legal.includes(status)) throw statusConflict(action, id, status)
  }

  #failIfAsked(method: FaultMethod): void {
    const fault = this.#host.takeFault(method)
    if (fault !== undefined) throw fault
  }
}

async function readImage(imageDirectory: string): Promise<FakeMemory> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(imageDirectory, IMAGE_FILE), 'utf8'))
    const { counter, lastInit } = imageSchema.parse(parsed)
    return { counter, lastInit }
  } catch (error) {
    throw new DrowseError('engine_failed', `Cannot use image "${imageDirectory}": it is missing or damaged`, {
      cause: error,
      isRetryable: false,
    })
  }
}
