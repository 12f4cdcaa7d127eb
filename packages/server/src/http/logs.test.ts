import { newApiKey, apiKeyRecord } from '../teams/api-key.ts'
import type { SandboxId } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

interface Entry {
  timestamp: string
  level: string
  message: string
  fields: Record<string, string>
}

/** An API with a sandbox that was paused, started cold, ran into its limit and died; a second apart. */
async function startWithHistory(): Promise<Api & { id: SandboxId; newer: (query?: string) => Promise<Entry[]> }> {
  const api = await Api.start()
  const { harness } = api
  const id = (await api.create({ timeout: 3600, autoPause: true })) as SandboxId // it answered it
  await harness.pass(1)
  await harness.pause(id)
  await harness.pass(1)
  harness.node.spoilMemory(id, 'the saved memory is damaged')
  await harness.connect(id, 3600)
  await harness.pass(1)
  harness.node.emit({ id, kind: 'memory-limit', process: 'python3' })
  await harness.pass(0)
  await harness.pass(1)
  harness.node.emit({ id, kind: 'died', reason: 'the engine ended' })
  await harness.pass(0)
  await harness.pass(1)
  const newer = async (query = ''): Promise<Entry[]> => {
    const { body } = await api.call('GET', `/v2/sandboxes/${id}/logs?${query}`)
    return body['logs'] as Entry[]
  }
  return Object.assign(api, { id, newer })
}

test('logs say what happened to a sandbox, with levels and reasons', async () => {
  await using api = await startWithHistory()
  const entries = await api.newer()
  expect(entries.map(({ level, message }) => `${level}: ${message}`)).toEqual([
    'info: Sandbox was created',
    'info: Sandbox was paused (request)',
    'warn: Sandbox was resumed (request); it booted from its files: the saved memory is damaged',
    'warn: Memory limit was reached and a process ended (python3)',
    'error: Sandbox lost its processes (the engine ended)',
  ])
  expect(entries[3]?.fields).toMatchObject({ event: 'sandbox.memory-limit', process: 'python3', sandboxID: api.id })
})

test('logs of the older route are lines of JSON with level and logger, from start on', async () => {
  await using api = await startWithHistory()
  const startMs = api.harness.clock.nowMs() - 2_000
  const { body } = await api.call('GET', `/sandboxes/${api.id}/logs?start=${startMs}&limit=1`)
  const [line] = body['logs'] as { timestamp: string; line: string }[]
  expect(body['logs']).toHaveLength(1)
  expect(line?.timestamp).toBe(new Date(startMs).toISOString())
  expect(JSON.parse(line?.line ?? '')).toMatchObject({ level: 'warn', logger: 'drowse', process: 'python3' })
  expect(body['logEntries']).toMatchObject([{ level: 'warn' }])
})

test('logs go both ways from a cursor, and are chosen by level and text', async () => {
  await using api = await startWithHistory()
  const middle = Date.parse((await api.newer())[2]?.timestamp ?? '')
  const levels = async (query: string): Promise<string[]> => (await api.newer(query)).map(({ level }) => level)
  expect(await levels(`cursor=${middle}&limit=2`)).toEqual(['warn', 'warn'])
  expect(await levels(`cursor=${middle}&direction=backward`)).toEqual(['warn', 'info', 'info'])
  expect(await levels('direction=backward&limit=1')).toEqual(['error'])
  expect(await levels('level=warn')).toEqual(['warn', 'warn', 'error'])
  expect(await levels('search=PAUSED')).toEqual(['info'])
  expect(await levels('limit=0')).toEqual([])
  for (const wrong of ['level=loud', 'direction=up', 'limit=1001', 'cursor=x']) {
    expect((await api.call('GET', `/v2/sandboxes/${api.id}/logs?${wrong}`)).status).toBe(400)
  }
})

test('logs stay after a kill, for the team only, and wake nothing', async () => {
  await using api = await startWithHistory()
  const { harness, id } = api
  const wakes = harness.node.calls.resume
  await harness.kill(id)
  expect((await api.newer()).at(-1)?.message).toBe('Sandbox was killed (request)')
  expect(harness.node.calls.resume).toBe(wakes)
  expect((await api.call('GET', '/sandboxes/inobody/logs')).status).toBe(404)
  const key = newApiKey()
  await harness.store.teams.insertKey(apiKeyRecord(key, { teamId: 'team-b', name: 'other', nowMs: 0 }))
  for (const version of ['', '/v2']) {
    const answer = await api.call('GET', `${version}/sandboxes/${id}/logs`, { headers: { 'x-api-key': key } })
    expect(answer.status).toBe(404)
  }
})

test('logs after the last entry are empty, not unknown', async () => {
  await using api = await startWithHistory()
  expect(await api.newer(`cursor=${api.harness.clock.nowMs() + 60_000}`)).toEqual([])
})
