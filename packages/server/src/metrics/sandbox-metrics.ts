import type { Clock, Logger, Timer } from '@drowse/common'
import type { NodeClient, NodeUsage } from '@drowse/node'
import type { SandboxId } from '@drowse/protocol'
import { MetricSeries, type MetricPoint } from './metric-series.ts'

/** Time, in ms, between two looks at all running sandboxes (wire.md §1.3). */
export const SAMPLE_EVERY_MS = 5_000
/** Points kept of one sandbox: an hour of running, in some 20 KB. */
const MAX_POINTS = 720
/** Sandboxes of which points are kept: 220 MB at most. Those that ran longest ago go first. */
const MAX_SERIES = 10_000

/** What the metrics are built from. */
export interface SandboxMetricsOptions {
  node: Pick<NodeClient, 'usage'>
  clock: Clock
  logger: Logger
}

/** CPU time at the look before, to tell how much was used since. */
interface Baseline {
  atMs: number
  cpuMs: number
}

interface Recorded {
  series: MetricSeries
  /** Undefined while it does not run: the next run counts its CPU time anew. */
  baseline: Baseline | undefined
}

/**
 * Looks at every running sandbox each five seconds and keeps what it used, in memory only. It asks the node, which reads the
 * host's own counters: nothing wakes, and an idle guest stays idle. Points stay while a sandbox is paused, and go with it.
 */
export class SandboxMetrics implements Disposable {
  readonly #options: SandboxMetricsOptions
  /** The one that was seen running longest ago is first. */
  readonly #recorded = new Map<SandboxId, Recorded>()
  #timer: Timer | undefined
  #isStopped = false

  constructor(options: SandboxMetricsOptions) {
    this.#options = options
  }

  /** Begins to look. */
  start(): void {
    void this.#tick()
  }

  /** Points of a sandbox from `startMs` to `endMs`, oldest first. */
  between(id: SandboxId, startMs: number, endMs: number): MetricPoint[] {
    return this.#recorded.get(id)?.series.between(startMs, endMs) ?? []
  }

  /** The latest point of a sandbox. */
  latest(id: SandboxId): MetricPoint | undefined {
    return this.#recorded.get(id)?.series.last()
  }

  /** Forgets a sandbox that is gone. */
  forget(id: SandboxId): void {
    this.#recorded.delete(id)
  }

  [Symbol.dispose](): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  async #tick(): Promise<void> {
    const { node, clock, logger } = this.#options
    const startedMs = clock.nowMs()
    try {
      this.#take(await node.usage(), clock.nowMs())
    } catch (error) {
      logger.warn({ err: error }, 'could not look at what sandboxes use; trying again')
    }
    if (this.#isStopped) return
    const tookMs = clock.nowMs() - startedMs
    this.#timer = clock.setTimer(Math.max(SAMPLE_EVERY_MS - tookMs, tookMs), () => void this.#tick())
  }

  #take(usages: readonly NodeUsage[], nowMs: number): void {
    const running = new Set(usages.map(({ id }) => id))
    for (const [id, recorded] of this.#recorded) if (!running.has(id)) recorded.baseline = undefined
    for (const usage of usages) this.#record(usage, nowMs)
    for (const id of this.#recorded.keys()) {
      if (this.#recorded.size <= MAX_SERIES) break
      this.#recorded.delete(id)
    }
  }

  #record(usage: NodeUsage, nowMs: number): void {
    const { id, cpuMs, cpuCount, memoryBytes, cacheBytes, diskBytes = 0, sentBytes, receivedBytes } = usage
    const recorded = this.#recorded.get(id) ?? { series: new MetricSeries(MAX_POINTS), baseline: undefined }
    const { baseline } = recorded
    const usedMs = baseline === undefined || cpuMs < baseline.cpuMs ? 0 : cpuMs - baseline.cpuMs
    const passedMs = nowMs - (baseline?.atMs ?? nowMs)
    const cpuUsedPct = passedMs > 0 ? Math.min(100, (100 * usedMs) / passedMs / cpuCount) : 0
    recorded.series.add({ atMs: nowMs, cpuUsedPct, memoryBytes, cacheBytes, diskBytes, sentBytes, receivedBytes })
    recorded.baseline = { atMs: nowMs, cpuMs }
    this.#recorded.delete(id)
    this.#recorded.set(id, recorded)
  }
}
