import { DrowseError, type SandboxId } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

const MIB = 2 ** 20

/** An API whose metrics are on, with one sandbox. */
async function startMeasured(): Promise<Api & { id: SandboxId }> {
  const api = await Api.start()
  const id = (await api.create({ timeout: 3600, autoPause: true })) as SandboxId // it answered it
  api.harness.metrics.start()
  await api.harness.pass(0)
  return Object.assign(api, { id })
}

test('metrics: a point every five seconds while it runs, none while it is paused, past ones stay', async () => {
  await using api = await startMeasured()
  const { harness, id } = api
  harness.node.setUsage(id, {
    cpuMs: 1_000,
    memoryBytes: 200 * MIB,
    cacheBytes: 3 * MIB,
    diskBytes: 7 * MIB,
    sentBytes: 3 * MIB,
    receivedBytes: 9 * MIB,
  })
  await harness.pass(5)
  await harness.pass(5)
  const { status, body } = await api.call('GET', `/sandboxes/${id}/metrics`)
  expect(status).toBe(200)
  const points = body as unknown as { timestampUnix: number }[]
  expect(points).toHaveLength(3)
  expect(points[1]).toEqual({
    timestamp: new Date(harness.clock.nowMs() - 5_000).toISOString(),
    timestampUnix: Math.floor((harness.clock.nowMs() - 5_000) / 1000),
    cpuCount: 2,
    cpuUsedPct: 10,
    memUsed: 200 * MIB,
    memTotal: 512 * MIB,
    memCache: 3 * MIB,
    diskUsed: 7 * MIB,
    diskTotal: 10_240 * MIB,
    networkSent: 3 * MIB,
    networkReceived: 9 * MIB,
  })
  expect(points[2]).toMatchObject({ cpuUsedPct: 0 })
  await harness.pause(id)
  const wakes = harness.node.calls.resume
  await harness.pass(60)
  expect((await api.call('GET', `/sandboxes/${id}/metrics`)).body).toHaveLength(3)
  expect(harness.node.calls.resume).toBe(wakes)
  await harness.connect(id)
  await harness.pass(5)
  const later = (await api.call('GET', `/sandboxes/${id}/metrics`)).body as unknown as { cpuUsedPct: number }[]
  expect(later).toHaveLength(4)
  expect(later[3]?.cpuUsedPct).toBe(0)
})

test('metrics: start and end are seconds, both included', async () => {
  await using api = await startMeasured()
  const { harness, id } = api
  const firstS = Math.floor(harness.clock.nowMs() / 1000)
  for (let i = 0; i < 4; i++) await harness.pass(5)
  const count = async (query: string): Promise<unknown> => {
    const { body } = await api.call('GET', `/sandboxes/${id}/metrics?${query}`)
    return (body as unknown as unknown[]).length
  }
  expect(await count(`start=${firstS + 5}&end=${firstS + 15}`)).toBe(3)
  expect(await count(`start=${firstS + 6}`)).toBe(3)
  expect(await count(`end=${firstS}`)).toBe(1)
  expect((await api.call('GET', `/sandboxes/${id}/metrics?start=9&end=8`)).status).toBe(400)
  expect((await api.call('GET', `/sandboxes/${id}/metrics?start=x`)).status).toBe(400)
})

test('metrics: unknown ones are 404, new ones have none yet, killed ones are forgotten', async () => {
  await using api = await startMeasured()
  const { harness, id } = api
  expect((await api.call('GET', '/sandboxes/inobody/metrics')).status).toBe(404)
  const young = await api.create()
  expect((await api.call('GET', `/sandboxes/${young}/metrics`)).body).toEqual([])
  await harness.kill(id)
  expect((await api.call('GET', `/sandboxes/${id}/metrics`)).status).toBe(404)
})

test('metrics: the latest of several at once, of those that are there', async () => {
  await using api = await startMeasured()
  const { id } = api
  const young = await api.create()
  const { status, body } = await api.call('GET', `/sandboxes/metrics?sandbox_ids=${id},${young},inobody`)
  expect({ status, ids: Object.keys(body['sandboxes'] ?? {}) }).toEqual({ status: 200, ids: [id] })
  expect((await api.call('GET', '/sandboxes/metrics')).status).toBe(400)
})

test('metrics: a node that fails costs a point, not those after it', async () => {
  await using api = await startMeasured()
  const { harness, id } = api
  harness.node.failNext('usage', new DrowseError('internal', 'no'))
  await harness.pass(5)
  await harness.pass(5)
  expect((await api.call('GET', `/sandboxes/${id}/metrics`)).body).toHaveLength(2)
})

test("GET /metrics counts the bytes of the team's sandboxes, paused ones too, for its key only", async () => {
  await using api = await startMeasured()
  const { harness, id } = api
  harness.node.setUsage(id, { sentBytes: 5, receivedBytes: 6 })
  await harness.pause(id)
  const { status, text, headers } = await api.call('GET', '/metrics')
  expect(status).toBe(200)
  expect(headers['content-type']).toContain('text/plain; version=0.0.4')
  expect(text.split('\n').filter((line) => line.startsWith('drowse_'))).toEqual([
    `drowse_sandbox_network_sent_bytes_total{sandbox_id="${id}"} 5`,
    `drowse_sandbox_network_received_bytes_total{sandbox_id="${id}"} 6`,
  ])
  expect((await api.call('GET', '/metrics', { headers: { 'x-api-key': 'wrong' } })).status).toBe(401)
})
