import { exec, type Clock, type Logger } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'

/** Least time, in ms, between the ends of two measurements: all together take a few hundredths of a CPU. */
const PAUSE_MS = 500
/** Longest time, in ms, to measure one; a million files take about this on a busy disk. */
const TIMEOUT_MS = 60_000

/** What a {@link DiskMeter} works with. */
export interface DiskMeterOptions {
  clock: Clock
  logger: Logger
  /** Folder of what a sandbox has written. */
  directory: (id: SandboxId) => string
}

interface Known {
  bytes: number
  /** CPU time of the sandbox when it was measured: without any since, it has written nothing. */
  cpuMs: number
}

/**
 * Knows how much sandboxes have written to their disks, as it was some time ago. Counting files is slow, so it is done for
 * one sandbox at a time, by a process of the lowest priority, and only for those that have run since the last time.
 */
export class DiskMeter {
  readonly #options: DiskMeterOptions
  readonly #known = new Map<SandboxId, Known>()
  /** Whose turn comes, with their CPU time; the one that waits longest is first. */
  readonly #waiting = new Map<SandboxId, number>()
  readonly #stop = new AbortController()
  #isBusy = false

  constructor(options: DiskMeterOptions) {
    this.#options = options
  }

  /** What is known of a sandbox with that much CPU time; asks for a measurement when it may have changed. */
  bytes(id: SandboxId, cpuMs: number): number | undefined {
    const known = this.#known.get(id)
    if (known?.cpuMs !== cpuMs) {
      this.#waiting.set(id, cpuMs)
      if (!this.#isBusy) void this.#work()
    }
    return known?.bytes
  }

  /** Forgets all but these. */
  keepOnly(ids: ReadonlySet<SandboxId>): void {
    for (const map of [this.#known, this.#waiting]) {
      for (const id of map.keys()) if (!ids.has(id)) map.delete(id)
    }
  }

  /** Ends the measurement on its way; there are no more. */
  stop(): void {
    this.#stop.abort()
  }

  async #work(): Promise<void> {
    this.#isBusy = true
    while (!this.#stop.signal.aborted) {
      const [next] = this.#waiting
      if (next === undefined) break
      const [id, cpuMs] = next
      this.#waiting.delete(id)
      const bytes = await this.#measure(id)
      if (bytes !== undefined) this.#known.set(id, { bytes, cpuMs })
      await new Promise<void>((resolve) => this.#options.clock.setTimer(PAUSE_MS, resolve))
    }
    this.#isBusy = false
  }

  async #measure(id: SandboxId): Promise<number | undefined> {
    const { directory, logger } = this.#options
    try {
      const { stdout } = await exec('nice', ['-n', '19', 'du', '-sx', '--block-size=1', '--', directory(id)], {
        timeoutMs: TIMEOUT_MS,
        signal: this.#stop.signal,
      })
      return Number.parseInt(stdout, 10)
    } catch (error) {
      // Also when files go while they are counted: the next time may be quieter.
      logger.debug({ sandboxId: id, err: error }, 'could not measure the files of a sandbox')
      return undefined
    }
  }
}
