import { DrowseError, isSandboxId } from '@drowse/protocol'
import { describe, expect, test } from 'vitest'
import { Api, type Answer } from '../testing/api.ts'
import { TEAM } from '../testing/harness.ts'

const KEY = { 'idempotency-key': '0d7c-a1' }

describe('pause of a sandbox whose daemon is silent', () => {
  test('saves it, marks it in detail and list, and refuses a plain start', async () => {
    await using api = await Api.start()
    const id = await api.silentSandbox()
    expect((await api.call('POST', `/sandboxes/${id}/pause`)).status).toBe(204)
    const detail = await api.call('GET', `/sandboxes/${id}`)
    expect(detail.body).toMatchObject({ envdUnresponsiveAtPause: true, pauseMode: 'full', state: 'paused' })
    const list = await api.call('GET', '/v2/sandboxes')
    expect(list.body).toMatchObject([{ sandboxID: id, envdUnresponsiveAtPause: true }])
    for (const url of [`/sandboxes/${id}/connect`, `/v2/sandboxes/${id}/connect`, `/sandboxes/${id}/resume`]) {
      expect(await api.call('POST', url)).toMatchObject({
        status: 409,
        body: { code: 409, error_code: 'sandbox_snapshot_guest_agent_unresponsive' },
        headers: { 'should-retry': 'false' },
      })
    }
    expect(api.harness.node.calls.resume).toBe(0)
    await expect(api.harness.wake(id)).rejects.toMatchObject({ code: 'conflict' })
  })

  test('memory: false starts it from its files, and the mark is gone', async () => {
    await using api = await Api.start()
    const id = await api.silentSandbox()
    await api.call('POST', `/sandboxes/${id}/pause`)
    expect((await api.call('POST', `/v2/sandboxes/${id}/connect`, { body: { memory: false } })).status).toBe(201)
    const { body } = await api.call('GET', `/sandboxes/${id}`)
    expect(body).toMatchObject({ state: 'running', drowse: { coldReason: expect.any(String) } })
    expect(body).not.toHaveProperty('envdUnresponsiveAtPause')
    expect(body).not.toHaveProperty('pauseMode')
  })

  test.each([{ requireHealthyGuest: true }, { memory: false }])('%j is refused and it runs on', async (body) => {
    await using api = await Api.start()
    const id = await api.silentSandbox()
    const answer = await api.call('POST', `/sandboxes/${id}/pause`, { body })
    expect(answer).toMatchObject({ status: 503, body: { code: 503 }, headers: { 'retry-after': '1' } })
    expect(answer.body['message']).toContain('its guest agent does not answer; it runs on')
    expect(await api.harness.state(id)).toBe('running')
  })

  test('a timeout that keeps files only keeps memory too, rather than to let it run on', async () => {
    await using api = await Api.start()
    const { harness } = api
    const id = await harness.create({ timeoutS: 60, autoPause: true, autoPauseMemory: false })
    harness.node.setGuestSilent(id, true)
    await harness.pass(60)
    expect(await harness.get(id)).toMatchObject({ state: 'paused', pauseMode: 'full', wasGuestSilent: true })
    await expect(harness.connect(id)).rejects.toMatchObject({ code: 'conflict' })
    await harness.service.connect(TEAM, id, { timeoutMs: 60_000, memory: false })
    expect(await harness.state(id)).toBe('running')
  })
})

test('pauseMode and tier of a paused sandbox are those of its latest pause', async () => {
  await using api = await Api.start()
  const id = await api.create()
  await api.call('POST', `/sandboxes/${id}/pause`, { body: { memory: true } })
  expect((await api.call('GET', `/sandboxes/${id}`)).body).toMatchObject({
    pauseMode: 'full',
    drowse: { tier: 'frozen' },
  })
  expect((await api.call('GET', '/v2/sandboxes')).body).toMatchObject([{ sandboxID: id, drowse: { tier: 'frozen' } }])
  await api.call('POST', `/sandboxes/${id}/connect`)
  expect((await api.call('GET', `/sandboxes/${id}`)).body['drowse']).not.toHaveProperty('tier')
  await api.call('POST', `/sandboxes/${id}/pause`, { body: { memory: false } })
  expect((await api.call('GET', `/sandboxes/${id}`)).body).toMatchObject({
    pauseMode: 'filesystem',
    drowse: { tier: 'files' },
  })
})

test('get answers without tier and traffic when the node does not', async () => {
  await using api = await Api.start()
  const id = await api.create()
  await api.call('POST', `/sandboxes/${id}/pause`)
  for (const method of ['find', 'traffic'] as const)
    api.harness.node.failNext(method, new DrowseError('internal', 'no'))
  const { status, body } = await api.call('GET', `/sandboxes/${id}`)
  expect({ status, drowse: body['drowse'] }).toEqual({ status: 200, drowse: { openConnections: 0 } })
})

test('get shows the idle timeout, the lifetime and who is connected', async () => {
  await using api = await Api.start()
  const id = await api.create({ timeout: 300, metadata: { idle_timeout: '60' } })
  if (!isSandboxId(id)) throw new Error('not an id')
  const now = api.harness.clock.nowMs()
  const iso = (seconds: number): string => new Date(now + seconds * 1000).toISOString()
  const drowse = { idleTimeoutSeconds: 60, lifetimeEndAt: iso(300) }
  const get = async () => (await api.call('GET', `/sandboxes/${id}`)).body
  expect(await get()).toMatchObject({ endAt: iso(60), drowse: { ...drowse, openConnections: 0 } })
  const close = api.harness.openConnection(id)
  expect(await get()).toMatchObject({ endAt: iso(300), drowse: { ...drowse, openConnections: 1 } })
  close()
})

test('no room on the host is 429 with Retry-After and a sentence, for create and connect', async () => {
  await using api = await Api.start()
  const id = await api.create()
  await api.call('POST', `/sandboxes/${id}/pause`)
  api.harness.node.maxRunning = 0
  const create = await api.call('POST', '/sandboxes', { body: { templateID: 'base' } })
  const connect = await api.call('POST', `/sandboxes/${id}/connect`)
  for (const answer of [create, connect]) {
    expect(answer).toMatchObject({ status: 429, body: { code: 429 }, headers: { 'retry-after': '1' } })
    expect(answer.headers).not.toHaveProperty('should-retry')
    expect(answer.body['message']).toContain('its host has no room at the moment')
  }
  expect(await api.harness.state(id as never)).toBe('paused')
})

describe('Idempotency-Key', () => {
  const create = async (api: Api, body: object = {}, headers: Record<string, string> = KEY): Promise<Answer> =>
    await api.call('POST', '/v2/sandboxes', { body: { templateID: 'base', ...body }, headers })

  test('the same key and body give the first answer, also after a restart and after a kill', async () => {
    await using api = await Api.start()
    const first = await create(api, { metadata: { a: '1' } })
    const again = await create(api, { metadata: { a: '1' } })
    expect(again).toMatchObject({ status: 201, body: first.body })
    await api.restart()
    expect((await create(api, { metadata: { a: '1' } })).body).toEqual(first.body)
    await api.call('DELETE', `/sandboxes/${String(first.body['sandboxID'])}`)
    expect((await create(api, { metadata: { a: '1' } })).body).toEqual(first.body)
    expect(api.harness.node.calls.create).toBe(1)
  })

  test('the same key with another body is 422', async () => {
    await using api = await Api.start()
    await create(api)
    expect(await create(api, { timeout: 17 })).toMatchObject({ status: 422, body: { code: 422 } })
  })

  test('while the first is on its way the answer is 409, or 422 for another body', async () => {
    await using api = await Api.start()
    const blocked = api.harness.node.blockNext('create')
    const first = create(api)
    await blocked.entered
    expect((await create(api)).status).toBe(409)
    expect((await create(api, { timeout: 17 })).status).toBe(422)
    blocked.release()
    expect((await create(api)).status).toBe(201)
    expect((await first).status).toBe(201)
    expect(api.harness.node.calls.create).toBe(1)
  })

  test('after a failed create the key is free', async () => {
    await using api = await Api.start()
    api.harness.node.failNext('create', new DrowseError('rate_limited', 'full'))
    expect((await create(api)).status).toBe(429)
    expect((await create(api, { timeout: 17 })).status).toBe(201)
  })

  test('a create that a crash cut before its answer is repeated with what it made', async () => {
    await using api = await Api.start()
    const first = await create(api)
    const id = String(first.body['sandboxID'])
    const { store } = api.harness
    await store.idempotency.remove(TEAM, KEY['idempotency-key'])
    const record = { teamId: TEAM, key: 'cut', fingerprint: 'f', answer: undefined, createdAtMs: 0 }
    await store.idempotency.insert({ ...record, sandboxId: id as never, createdAtMs: api.harness.clock.nowMs() })
    const again = await api.harness.createOnce({ key: 'cut', fingerprint: 'f' })
    expect(again.id).toBe(id)
    await api.harness.kill(id)
    expect((await api.harness.createOnce({ key: 'cut', fingerprint: 'f' })).id).toBe(id)
  })

  test('a create that a crash cut before its sandbox ran begins anew', async () => {
    await using api = await Api.start()
    const blocked = api.harness.node.blockNext('create')
    const cut = create(api)
    await blocked.entered
    await api.restart()
    const again = await create(api)
    expect(again.status).toBe(201)
    blocked.release()
    await cut
    expect((await create(api)).body).toEqual(again.body)
  })

  test('keys are counted by team, kept for a day, and none means none', async () => {
    await using api = await Api.start()
    const first = await create(api)
    const other = await api.harness.createOnce({ key: KEY['idempotency-key'], fingerprint: 'f' }, 'team-b')
    expect(other.id).not.toBe(first.body['sandboxID'])
    await api.harness.pass(86_401)
    expect((await create(api, { timeout: 17 })).status).toBe(201)
    expect((await create(api, {}, {})).status).toBe(201)
    expect((await create(api, {}, { 'idempotency-key': 'a b' })).status).toBe(400)
    expect((await create(api, {}, { 'idempotency-key': 'a'.repeat(256) })).status).toBe(400)
  })
})
