import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import { latestMetricsQuery, metricResponse, metricsQuery, presentMetric } from '../schemas/metrics.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `GET /sandboxes/:sandboxID/metrics`, and `GET /sandboxes/metrics` for the latest of several. Neither wakes anything. */
export function sandboxMetrics(api: Api, { sandboxes, metrics }: SandboxRouteDependencies): void {
  const series = { params: sandboxParams, querystring: metricsQuery, response: { 200: z.array(metricResponse) } }
  api.get('/sandboxes/:sandboxID/metrics', { schema: series }, async (request, reply) => {
    const sandbox = await sandboxes.get(request.teamId, request.params.sandboxID)
    const { start = 0, end = Infinity } = request.query
    if (start > end) throw new DrowseError('invalid_argument', 'start must not be later than end')
    // The end's whole second counts.
    const points = metrics.between(sandbox.id, start * 1000, end * 1000 + 999)
    return await reply.send(points.map((point) => presentMetric(sandbox, point)))
  })

  const latest = {
    querystring: latestMetricsQuery,
    response: { 200: z.object({ sandboxes: z.record(z.string(), metricResponse) }) },
  }
  api.get('/sandboxes/metrics', { schema: latest }, async (request, reply) => {
    const known = await sandboxes.findAll(request.teamId, request.query.sandbox_ids)
    const entries = known.flatMap((sandbox) => {
      const point = metrics.latest(sandbox.id)
      return point === undefined ? [] : [[sandbox.id, presentMetric(sandbox, point)] as const]
    })
    return await reply.send({ sandboxes: Object.fromEntries(entries) })
  })
}
