import type { SandboxId } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

type Event = Record<string, unknown>

/** An API with a sandbox that was made, paused, resumed and killed, a second apart, and another that runs. */
async function startWithHistory(): Promise<Api & { id: SandboxId; other: string }> {
  const api = await Api.start()
  const { harness } = api
  const id = (await api.create({ timeout: 3600 })) as SandboxId // it answered it
  await harness.pass(1)
  await harness.pause(id)
  await harness.pass(1)
  await harness.connect(id, 3600)
  await harness.pass(1)
  await api.call('DELETE', `/sandboxes/${id}`)
  return Object.assign(api, { id, other: await api.create() })
}

test("E2B's events of a sandbox that is gone, newest first, with its template", async () => {
  await using api = await startWithHistory()
  const { status, text } = await api.call('GET', `/events/sandboxes/${api.id}`)
  const events = JSON.parse(text) as Event[]
  expect(status).toBe(200)
  expect(events.map(({ type }) => type)).toEqual(
    ['killed', 'resumed', 'paused', 'created'].map((type) => `sandbox.lifecycle.${type}`),
  )
  expect(events[0]).toMatchObject({ version: 'v1', sandboxId: api.id, sandboxTemplateId: 'base' })
  expect(Date.parse(String(events[0]?.['timestamp']))).toBe(api.harness.clock.nowMs())
})

test("E2B's events of a team by page, order and type, none of another team's", async () => {
  await using api = await startWithHistory()
  const list = async (query: string): Promise<unknown[]> => {
    const { text } = await api.call('GET', `/events/sandboxes?${query}`)
    return (JSON.parse(text) as Event[]).map(({ type, sandboxId }) => [String(type).split('.')[2], sandboxId])
  }
  const created = [
    ['created', api.id],
    ['created', api.other],
  ]
  expect(await list('types=sandbox.lifecycle.created&orderAsc=true')).toEqual(created)
  expect(await list('types=sandbox.lifecycle.created&types=sandbox.lifecycle.paused&offset=2')).toEqual([created[0]])
  expect(await list('types=sandbox.lifecycle.snapshotted')).toEqual([])
  expect(await list('limit=1')).toEqual([created[1]])
  await api.harness.store.teams.insertTeam({ id: 'else', name: 'else', createdAtMs: 0 })
  const theirs = { atMs: 0, sandboxId: api.id, teamId: 'else', name: 'sandbox.killed', data: {} } as const
  await api.harness.store.events.append(theirs)
  expect(await list('limit=100')).toHaveLength(5)
})

test("Novita's events: operations, time in seconds, filters and pages", async () => {
  await using api = await startWithHistory()
  const ask = async (query: string): Promise<Event> => (await api.call('GET', `/sandboxes/events?${query}`)).body
  const all = await ask(`sandboxID=${api.id}&events=create,pause,resume,connect,timeout,delete&limit=3`)
  expect(all).toMatchObject({ total: 4, hasMore: true })
  expect((all['items'] as Event[]).map(({ eventName }) => eventName)).toEqual(['delete', 'resume', 'pause'])
  expect(await ask(`sandboxID=${api.id}&limit=3&offset=3`)).toMatchObject({
    hasMore: false,
    items: [{ eventName: 'create', state: 'success', statusCode: 200, templateID: 'base', sandboxID: api.id }],
  })
  const nowS = api.harness.clock.nowMs() / 1000
  expect(await ask(`startTime=${nowS}&endTime=${nowS}`)).toMatchObject({ total: 2 })
  expect(await ask('templateID=base')).toMatchObject({ total: 5 })
  expect(await ask('templateID=nonesuch')).toMatchObject({ total: 0, items: [], hasMore: false })
  expect(await ask('state=failed')).toMatchObject({ total: 0 })
})

test.each(['limit=0', 'limit=101', 'offset=-1', 'orderAsc=maybe', 'limit=x'])('%s is refused', async (query) => {
  await using api = await Api.start()
  expect((await api.call('GET', `/events/sandboxes?${query}`)).status).toBe(400)
  expect((await api.call('GET', `/sandboxes/events?${query}`)).status).toBe(400)
})
