import type { SandboxLimits } from '@drowse/engine'
import { DrowseError, type SandboxId } from '@drowse/protocol'
import type { NodeSettings } from '../node-settings.ts'
import type { HostFacts } from './host-facts.ts'

const MIB = 1024 * 1024
/** Share of the host's memory, and least number of bytes, that sandboxes never get: the service, the kernel and the page cache need it. */
const RESERVE = { share: 0.05, bytes: 256 * MIB }

/** A sandbox that is about to run. */
export interface Admitted {
  id: SandboxId
  limits: SandboxLimits
  /** Memory that it takes at once, in bytes. */
  needBytes: number
}

/** Memory that nobody runs in: it can be had back, the least useful part first. */
export interface SpareMemory {
  readonly bytes: number
  /** Resolves when a part is free, with false when there is none. */
  giveUpOldest(): Promise<boolean>
}

/** What an {@link Admission} goes by. */
export interface AdmissionOptions {
  host: HostFacts
  settings: NodeSettings
  /** Sandboxes that are frozen in RAM, and containers made ahead. */
  spare: SpareMemory
  /** Limits of every sandbox that runs, with its id. */
  running: () => Iterable<{ id: SandboxId; limits: SandboxLimits }>
}

/** Decides whether one more sandbox may run. Frozen ones give up their memory first. */
export class Admission {
  readonly #options: AdmissionOptions
  /** Those that were let in and do not run yet. */
  readonly #coming = new Map<SandboxId, Admitted>()

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** Bytes of the host's memory that stay free. */
  get reserveBytes(): number {
    return Math.max(RESERVE.bytes, this.#options.host.memoryBytes * RESERVE.share)
  }

  /** Whether the host has less free memory than its reserve. */
  get isMemoryShort(): boolean {
    return this.#options.host.availableBytes() < this.reserveBytes
  }

  /** Whether `bytes` more can be had without anything giving up its memory. */
  hasMemory(bytes: number): boolean {
    return this.#freeBytes() >= bytes
  }

  /**
   * Runs `work`, which brings `wanted` up, when there is room for it. Throws "rate_limited" when the limits of all running sandboxes would go
   * above the over-commit settings, and "unavailable" when the host's memory is short; in both cases after frozen ones have gone.
   */
  async run<T>(action: 'create' | 'resume', wanted: Admitted, work: () => Promise<T>): Promise<T> {
    this.#coming.set(wanted.id, wanted)
    try {
      await this.#checkLimits(action, wanted)
      await this.#checkMemory(action, wanted)
      return await work()
    } finally {
      this.#coming.delete(wanted.id)
    }
  }

  async #checkLimits(action: string, wanted: Admitted): Promise<void> {
    const { host, settings, spare } = this.#options
    const mostMb = Math.floor((host.memoryBytes / MIB) * settings.memoryOvercommit)
    const most = host.cpuCount * settings.cpuOvercommit
    let sum = this.#sum(wanted)
    if (sum.cpuCount > most) {
      throw new DrowseError(
        'rate_limited',
        `Cannot ${action} sandbox "${wanted.id}": with it ${sum.count} running sandboxes would have ${sum.cpuCount} CPUs together, this host allows ${most} (cpuOvercommit ${settings.cpuOvercommit})`,
      )
    }
    // Frozen ones count with what they really hold: they have no use for their limits.
    while (sum.memoryMb + spare.bytes / MIB > mostMb && (await spare.giveUpOldest())) sum = this.#sum(wanted)
    if (sum.memoryMb <= mostMb) return
    throw new DrowseError(
      'rate_limited',
      `Cannot ${action} sandbox "${wanted.id}": with it ${sum.count} running sandboxes could use ${sum.memoryMb} MiB together, this host allows ${mostMb} MiB (memoryOvercommit ${settings.memoryOvercommit})`,
    )
  }

  async #checkMemory(action: string, wanted: Admitted): Promise<void> {
    while (this.#freeBytes(wanted.id) < wanted.needBytes) {
      if (await this.#options.spare.giveUpOldest()) continue
      const mib = (bytes: number): number => Math.ceil(bytes / MIB)
      throw new DrowseError(
        'unavailable',
        `Cannot ${action} sandbox "${wanted.id}": it needs about ${mib(wanted.needBytes)} MiB of memory at once, ${mib(this.#options.host.availableBytes())} MiB are free on the host and ${mib(this.reserveBytes)} MiB of them are kept`,
      )
    }
  }

  /** Free memory above the reserve and above what those that came before `upTo`, or all, will take. */
  #freeBytes(upTo?: SandboxId): number {
    let bytes = this.#options.host.availableBytes() - this.reserveBytes
    for (const { id, needBytes } of this.#coming.values()) {
      if (id === upTo) break
      bytes -= needBytes
    }
    return bytes
  }

  #sum(wanted: Admitted): SandboxLimits & { count: number } {
    const sum = { memoryMb: 0, cpuCount: 0, count: 0 }
    const add = ({ limits }: { limits: SandboxLimits }): void => {
      sum.memoryMb += limits.memoryMb
      sum.cpuCount += limits.cpuCount
      sum.count++
    }
    for (const running of this.#options.running()) if (!this.#coming.has(running.id)) add(running)
    // Not those that came later: of two for one place the first gets it.
    for (const coming of this.#coming.values()) {
      add(coming)
      if (coming.id === wanted.id) break
    }
    return { ...sum, cpuCount: Math.round(sum.cpuCount * 1000) / 1000 }
  }
}
