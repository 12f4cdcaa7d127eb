import { expect, test } from 'vitest'
import { Harness, TEAM } from '../testing/harness.ts'

// The worked timelines of wire.md §5.9, by number.

test('timeline 1: a short one with auto-resume wakes for five minutes, again and again', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 120, autoPause: true, autoResume: true })
  await h.pass(120)
  expect(await h.state(id)).toBe('paused')
  for (let cycle = 0; cycle < 5; cycle++) {
    await h.pass(380)
    await h.wake(id)
    expect(await h.secondsLeft(id)).toBe(300)
    await h.pass(299)
    expect(await h.state(id)).toBe('running')
    await h.pass(1)
    expect(await h.state(id)).toBe('paused')
  }
})

test('timeline 2: a long one with auto-resume gets its whole time again', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 3600, autoPause: true, autoResume: true })
  await h.pass(3600)
  expect(await h.state(id)).toBe('paused')
  await h.wake(id)
  expect(await h.secondsLeft(id)).toBe(3600)
})

test('timeline 3: a wake gives the time of the create, not of a later setTimeout', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 420, autoPause: true, autoResume: true })
  await h.service.setTimeout(TEAM, id, 600_000)
  expect(await h.secondsLeft(id)).toBe(600)
  await h.pause(id)
  await h.wake(id)
  expect(await h.secondsLeft(id)).toBe(420)
})

test('timeline 4: connect to a running one never shortens its time', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 300 })
  const before = (await h.get(id)).endAtMs
  await h.pass(7)
  expect((await h.connect(id, 10)).sandbox.endAtMs).toBe(before)
  expect((await h.connect(id, 600)).sandbox.endAtMs).toBe(h.clock.nowMs() + 600_000)
})

test('timeline 5: a paused one keeps for an hour and more, whatever its timeout was', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 60 })
  await h.pass(10)
  await h.pause(id)
  await h.pass(3600)
  const { isResumed } = await h.connect(id)
  expect(isResumed).toBe(true)
  expect(await h.secondsLeft(id)).toBe(300)
})

test('timeline 6: setTimeout makes a default one end exactly then, and it is gone', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 10 })
  await h.service.setTimeout(TEAM, id, 5_000)
  await h.pass(4.999)
  expect(await h.state(id)).toBe('running')
  await h.pass(0.001)
  expect(await h.state(id)).toBe('gone')
  await expect(h.get(id)).rejects.toMatchObject({ code: 'not_found' })
  expect(await h.service.routes.resolve(id)).toEqual({ kind: 'not-found' })
  expect(await h.node.inventory()).toEqual([])
})

test('timeline 7: an idle time of 60 kills at 60; a WebSocket from 30 to 200 makes it 300 while open, then 260', async () => {
  await using h = await Harness.start()
  const metadata = { idle_timeout: '60' }
  const alone = await h.create({ metadata })
  const used = await h.create({ metadata })
  const startMs = h.clock.nowMs()
  await h.pass(30)
  const close = h.openConnection(used)
  await h.pass(30)
  expect(await h.state(alone)).toBe('gone')
  expect((await h.get(used)).endAtMs).toBe(startMs + 300_000)
  await h.pass(140)
  close()
  expect((await h.get(used)).endAtMs).toBe(startMs + 260_000)
  await h.pass(59.999)
  expect(await h.state(used)).toBe('running')
  await h.pass(0.001)
  expect(await h.state(used)).toBe('gone')
})

test('timeline 8: an idle time with pause on timeout pauses, again and again', async () => {
  await using h = await Harness.start()
  const id = await h.create({ metadata: { idle_timeout: '60' }, autoPause: true })
  for (let cycle = 0; cycle < 3; cycle++) {
    await h.pass(60)
    expect(await h.state(id)).toBe('paused')
    expect(await h.node.find(id)).toMatchObject({ hasMemory: true })
    await h.pass(500)
    expect((await h.connect(id)).sandbox.coldReason).toBeUndefined()
  }
})

test('timeline 9: an idle time below 30 is ignored, and the lifetime governs a longer one', async () => {
  await using h = await Harness.start()
  const short = await h.create({ metadata: { idle_timeout: '10' } })
  const long = await h.create({ metadata: { idle_timeout: '600' } })
  await h.pass(299.999)
  expect([await h.state(short), await h.state(long)]).toEqual(['running', 'running'])
  await h.pass(0.001)
  expect([await h.state(short), await h.state(long)]).toEqual(['gone', 'gone'])
})

test('timeline 10: kill of a paused one removes it for good', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  await h.pause(id)
  await h.kill(id)
  await expect(h.connect(id)).rejects.toMatchObject({ code: 'not_found' })
  await expect(h.kill(id)).rejects.toMatchObject({ code: 'not_found' })
  expect(await h.node.find(id)).toBeUndefined()
})

test('timeline 11: a second pause conflicts, two at once both succeed', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  await Promise.all([h.pause(id), h.pause(id)])
  expect(h.node.calls.pause).toBe(1)
  await expect(h.pause(id)).rejects.toMatchObject({ code: 'conflict' })
})

test('timeline 12: ten requests at once wake it once', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true, autoResume: true })
  await h.pause(id)
  await Promise.all(Array.from({ length: 10 }, async () => await h.wake(id)))
  expect(h.node.calls.resume).toBe(1)
  expect(await h.state(id)).toBe('running')
})

test('timeline 13: with pause on timeout it is paused after each run, never killed', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 60, autoPause: true })
  await h.pause(id)
  await h.connect(id, 60)
  await h.pass(60)
  expect(await h.state(id)).toBe('paused')
})

test('metadata auto_resume wakes a paused one and changes nothing else: its timeout kills', async () => {
  await using h = await Harness.start()
  const id = await h.create({ metadata: { auto_resume: 'true' } })
  await h.pause(id)
  await h.wake(id)
  expect(await h.secondsLeft(id)).toBe(300)
  await h.pass(300)
  expect(await h.state(id)).toBe('gone')
})

test('a pause of files only is not woken by traffic, and connect says that memory is gone', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true, autoResume: true })
  await h.pause(id, false)
  expect((await h.get(id)).pauseMode).toBe('filesystem')
  await expect(h.wake(id)).rejects.toMatchObject({ code: 'not_found' })
  const { sandbox } = await h.connect(id)
  expect(sandbox.coldReason).toBeTypeOf('string')
})

test('autoPauseMemory false makes the timeout keep files only', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 60, autoPause: true, autoPauseMemory: false })
  await h.pass(60)
  expect(await h.get(id)).toMatchObject({ state: 'paused', pauseMode: 'filesystem' })
  expect(await h.node.find(id)).toMatchObject({ hasMemory: false })
})

test('a paused one shows when its last run began and when it was paused', async () => {
  await using h = await Harness.start()
  const startedAtMs = h.clock.nowMs()
  const id = await h.create({ timeoutS: 300 })
  await h.pass(20)
  await h.pause(id)
  const pausedAtMs = h.clock.nowMs()
  await h.pass(1000)
  expect(await h.get(id)).toMatchObject({ startedAtMs, endAtMs: pausedAtMs })
})

test('its tokens and attributes are the same after every cycle', async () => {
  await using h = await Harness.start()
  const id = await h.create({ network: { allowPublicTraffic: false }, envVars: { A: '1' }, metadata: { m: 'x' } })
  const { envdAccessToken, trafficAccessToken } = await h.get(id)
  for (let cycle = 0; cycle < 3; cycle++) {
    await h.pause(id)
    await h.connect(id)
    expect(await h.get(id)).toMatchObject({ envdAccessToken, trafficAccessToken, metadata: { m: 'x' } })
    expect(h.node.lastInit(id)).toMatchObject({ accessToken: envdAccessToken, envVars: { A: '1' } })
  }
})
