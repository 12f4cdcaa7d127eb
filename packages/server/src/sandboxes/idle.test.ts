import { DrowseError, type SandboxId } from '@drowse/protocol'
import { describe, expect, test } from 'vitest'
import { Harness, TEAM } from '../testing/harness.ts'
import { idleTimeoutMs } from './idle-timeout.ts'

const IDLE = { metadata: { idle_timeout: '60' } }

describe('idleTimeoutMs()', () => {
  test.each([
    ['60', 60_000],
    ['30', 30_000],
    ['30.5', 30_500],
    ['29', Infinity],
    ['29.9', Infinity],
    ['0', Infinity],
    ['-60', Infinity],
    ['60s', Infinity],
    [' 60', Infinity],
    ['1e3', Infinity],
    ['', Infinity],
    ['NaN', Infinity],
    ['9'.repeat(400), Infinity],
  ])('reads %j', (text, expected) => {
    expect(idleTimeoutMs({ metadata: { idle_timeout: text } })).toBe(expected)
  })

  test('is off when nothing is said', () => {
    expect(idleTimeoutMs({ metadata: {} })).toBe(Infinity)
  })
})

test('idle: nobody connects, and it is killed when the idle time is over', async () => {
  await using h = await Harness.start()
  const id = await h.create(IDLE)
  expect(await h.secondsLeft(id)).toBe(60)
  await h.pass(59.999)
  expect(await h.state(id)).toBe('running')
  await h.pass(0.001)
  expect(await h.state(id)).toBe('gone')
})

test('idle: an open connection gives the whole lifetime, its end the idle time again', async () => {
  await using h = await Harness.start()
  const id = await h.create(IDLE)
  await h.pass(30)
  const close = h.openConnection(id)
  expect(await h.secondsLeft(id)).toBe(270)
  await h.pass(170)
  expect(await h.state(id)).toBe('running')
  expect(await h.secondsLeft(id)).toBe(100)
  close()
  expect(await h.secondsLeft(id)).toBe(60)
  await h.pass(60)
  expect(await h.state(id)).toBe('gone')
})

test('idle: an open connection does not hold it beyond its lifetime', async () => {
  await using h = await Harness.start()
  const id = await h.create({ ...IDLE, timeoutS: 100, autoPause: true })
  h.openConnection(id)
  await h.pass(99.999)
  expect(await h.state(id)).toBe('running')
  await h.pass(0.001)
  expect(await h.state(id)).toBe('paused')
})

test('idle: the last of several connections counts', async () => {
  await using h = await Harness.start()
  const id = await h.create(IDLE)
  const first = h.openConnection(id)
  const second = h.openConnection(id)
  await h.pass(100)
  first()
  await h.pass(100)
  expect(await h.state(id)).toBe('running')
  second()
  await h.pass(60)
  expect(await h.state(id)).toBe('gone')
})

test('idle: connect and setTimeout count as a touch; setTimeout sets the lifetime', async () => {
  await using h = await Harness.start()
  const id = await h.create(IDLE)
  await h.pass(50)
  await h.connect(id, 10)
  expect(await h.secondsLeft(id)).toBe(60)
  await h.pass(50)
  await h.service.setTimeout(TEAM, id, 20_000)
  expect(await h.secondsLeft(id)).toBe(20)
  await h.service.setTimeout(TEAM, id, 1_000_000)
  expect(await h.secondsLeft(id)).toBe(60)
  expect((await h.get(id)).maxEndAtMs).toBe(h.clock.nowMs() + 1_000_000)
  await h.pass(59)
  await h.service.refresh(TEAM, id, 0)
  await h.pass(59)
  expect(await h.state(id)).toBe('running')
  await h.pass(1)
  expect(await h.state(id)).toBe('gone')
})

test('idle: a wake by traffic begins the idle time, and so does a connect', async () => {
  await using h = await Harness.start()
  const id = await h.create({ ...IDLE, autoPause: true, autoResume: true })
  await h.pass(60)
  expect(await h.state(id)).toBe('paused')
  await h.pass(1000)
  await h.wake(id)
  expect(await h.secondsLeft(id)).toBe(60)
  await h.pass(60)
  expect(await h.state(id)).toBe('paused')
  await h.connect(id, 40)
  expect(await h.secondsLeft(id)).toBe(40)
})

test('idle: a connection that ends after the pause changes nothing', async () => {
  await using h = await Harness.start()
  const id = await h.create({ ...IDLE, autoPause: true })
  const close = h.openConnection(id)
  await h.pause(id)
  const pausedAtMs = (await h.get(id)).endAtMs
  await h.pass(5)
  close()
  expect((await h.get(id)).endAtMs).toBe(pausedAtMs)
  await h.connect(id)
  expect(await h.secondsLeft(id)).toBe(60)
})

test('idle: a failed pause is tried again soon, not an idle time later', async () => {
  await using h = await Harness.start()
  const id = await h.create({ ...IDLE, autoPause: true })
  h.node.failNext('pause', new DrowseError('disk_full', 'no space left'))
  await h.pass(60)
  expect(await h.state(id)).toBe('running')
  await h.pass(1)
  expect(await h.state(id)).toBe('paused')
})

test('idle: a thousand short requests write the store once an idle time at most', async () => {
  await using h = await Harness.start()
  const id = await h.create({ ...IDLE, timeoutS: 86_400 })
  const before = (await h.get(id)).generation
  for (let i = 0; i < 1000; i++) {
    h.openConnection(id)()
    await h.pass(0.3)
  }
  expect(await h.state(id)).toBe('running')
  expect((await h.get(id)).generation - before).toBeLessThanOrEqual(5)
  await h.pass(60)
  expect(await h.state(id)).toBe('gone')
})

test('idle: after a restart everyone gets a fresh idle time, busy or not, and no more', async () => {
  await using h = await Harness.start()
  const busy = await h.create({ ...IDLE, autoPause: true })
  const idle = await h.create({ ...IDLE, autoPause: true })
  h.openConnection(busy)
  await h.pass(55)
  await h.service[Symbol.asyncDispose]()
  await h.pass(20)
  await h.restart()
  for (const id of [busy, idle]) expect(await h.secondsLeft(id)).toBe(60)
  await h.pass(59)
  const states = async (): Promise<string[]> => await Promise.all([busy, idle].map(async (id) => await h.state(id)))
  expect(await states()).toEqual(['running', 'running'])
  await h.pass(1)
  expect(await states()).toEqual(['paused', 'paused'])
})

test('idle: a list shows the end that holds', async () => {
  await using h = await Harness.start()
  const id: SandboxId = await h.create(IDLE)
  h.openConnection(id)
  const page = await h.service.list({ teamId: TEAM, states: ['running'], order: 'desc', limit: 10 })
  expect(page.sandboxes[0]?.sandbox.endAtMs).toBe(h.clock.nowMs() + 300_000)
})

test('idle: connections after a restart count for those that ran before it', async () => {
  await using h = await Harness.start()
  const id = await h.create(IDLE)
  await h.restart()
  await h.pass(40)
  h.openConnection(id)()
  expect(await h.secondsLeft(id)).toBe(60)
})
