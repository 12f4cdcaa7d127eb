import { z } from 'zod'
import type { MetricPoint } from '../../metrics/metric-series.ts'
import type { Sandbox } from '../../sandboxes/sandbox.ts'

/** Most sandboxes that one call asks about. */
const MAX_IDS = 100
const MIB = 1024 * 1024

const unixSeconds = z.coerce.number().int().min(0).max(253_402_300_799).optional()

/** Query of `GET /sandboxes/:sandboxID/metrics`: unix seconds, both included. */
export const metricsQuery = z.object({ start: unixSeconds, end: unixSeconds })

/** Query of `GET /sandboxes/metrics`. */
export const latestMetricsQuery = z.object({
  sandbox_ids: z
    .preprocess(
      (value) => (Array.isArray(value) ? value : [value ?? '']).flatMap((text) => String(text).split(',')),
      z.array(z.string()),
    )
    .transform((ids) => [...new Set(ids.map((id) => id.split('-')[0] ?? id).filter(Boolean))])
    .refine((ids) => ids.length >= 1 && ids.length <= MAX_IDS, `sandbox_ids must name 1 to ${MAX_IDS} sandboxes`),
})

/** What a sandbox used at one instant, in bytes (wire.md §1.3). */
export const metricResponse = z.object({
  timestamp: z.string(),
  timestampUnix: z.number(),
  cpuCount: z.number(),
  /** Of its CPUs together, since the point before. */
  cpuUsedPct: z.number(),
  memUsed: z.number(),
  memTotal: z.number(),
  memCache: z.number(),
  diskUsed: z.number(),
  diskTotal: z.number(),
  /** What has passed over its link in all its runs; clients do not know of these and ignore them. */
  networkSent: z.number(),
  networkReceived: z.number(),
})

/** A point as clients read it; totals are the sandbox's limits. */
export function presentMetric(sandbox: Sandbox, point: MetricPoint): z.infer<typeof metricResponse> {
  return {
    timestamp: new Date(point.atMs).toISOString(),
    timestampUnix: Math.floor(point.atMs / 1000),
    cpuCount: sandbox.cpuCount,
    cpuUsedPct: point.cpuUsedPct,
    memUsed: point.memoryBytes,
    memTotal: sandbox.memoryMb * MIB,
    memCache: point.cacheBytes,
    diskUsed: point.diskBytes,
    diskTotal: sandbox.diskSizeMb * MIB,
    networkSent: point.sentBytes,
    networkReceived: point.receivedBytes,
  }
}
