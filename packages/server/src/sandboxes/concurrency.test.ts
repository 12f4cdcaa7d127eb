import { DrowseError } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'

const BROKEN = new DrowseError('engine_failed', 'runsc: /var/lib/secret/path: exit 128')

test('connect from ten callers starts once: one gets 201, the others 200', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  await h.pause(id)
  const results = await Promise.all(Array.from({ length: 10 }, async (_, i) => await h.connect(id, 300 + i)))
  expect(results.filter((result) => result.isResumed)).toHaveLength(1)
  expect(h.node.calls.resume).toBe(1)
  expect(await h.secondsLeft(id)).toBe(309)
})

test('connect and traffic at once start once', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true, autoResume: true })
  await h.pause(id)
  await Promise.all([h.wake(id), h.connect(id), h.wake(id), h.connect(id)])
  expect(h.node.calls.resume).toBe(1)
})

test('a failed start fails every caller once, keeps what was saved, and the next start succeeds', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true, autoResume: true })
  await h.pause(id)
  h.node.failNext('resume', BROKEN)
  const results = await Promise.allSettled(Array.from({ length: 10 }, async () => await h.wake(id)))
  expect(results.every((result) => result.status === 'rejected')).toBe(true)
  expect(h.node.calls.resume).toBe(1)
  expect(await h.state(id)).toBe('paused')
  await h.wake(id)
  expect(await h.state(id)).toBe('running')
  expect(await h.events(id)).toEqual(['sandbox.created', 'sandbox.paused', 'sandbox.resume-failed', 'sandbox.resumed'])
})

test('an error of the node reaches callers without its own words', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  h.node.failNext('pause', BROKEN)
  await expect(h.pause(id)).rejects.toMatchObject({
    code: 'engine_failed',
    message: `Cannot pause sandbox "${id}": the engine failed; it runs on`,
    cause: BROKEN,
  })
})

test('a failed pause leaves it running with the same deadline', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 100 })
  h.node.failNext('pause', new DrowseError('disk_full', 'no space left'))
  await h.pass(10)
  await expect(h.pause(id)).rejects.toMatchObject({ code: 'disk_full' })
  expect(await h.get(id)).toMatchObject({ state: 'running', pauseMode: undefined })
  expect(await h.secondsLeft(id)).toBe(90)
})

test('kill while it pauses wins', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  const blocked = h.node.blockNext('pause')
  const pausing = h.pause(id)
  await blocked.entered
  const killing = h.kill(id)
  blocked.release()
  await killing
  await pausing.catch(() => {}) // it may end a moment before the kill
  expect(await h.state(id)).toBe('gone')
  expect(await h.node.inventory()).toEqual([])
})

test('kill while it resumes wins, whichever order the node answers in', async () => {
  for (const order of ['kill first', 'resume first'] as const) {
    await using h = await Harness.start()
    const id = await h.create({ autoPause: true, autoResume: true })
    await h.pause(id)
    const resume = h.node.blockNext('resume')
    const kill = h.node.blockNext('kill')
    const waking = h.wake(id)
    await resume.entered
    const killing = h.kill(id)
    await kill.entered
    if (order === 'resume first') {
      resume.release()
      await expect(waking).rejects.toMatchObject({ code: 'not_found' })
    }
    kill.release()
    await killing
    resume.release()
    await waking.catch(() => {})
    expect(await h.state(id)).toBe('gone')
    expect(await h.node.inventory()).toEqual([])
  }
})

test('kill is answered though a pause never ends', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  const blocked = h.node.blockNext('pause')
  const pausing = h.pause(id)
  await blocked.entered
  await h.kill(id)
  expect(await h.state(id)).toBe('gone')
  await expect(pausing).rejects.toBeInstanceOf(DrowseError)
  blocked.release()
})

test('kill that the node fails is answered, and finished later', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  h.node.failNext('kill', BROKEN)
  h.node.failNext('kill', BROKEN)
  await h.kill(id)
  expect(await h.state(id)).toBe('killing')
  await expect(h.get(id)).rejects.toMatchObject({ code: 'not_found' })
  await h.pass(1)
  expect(await h.state(id)).toBe('killing')
  await h.pass(2)
  expect(await h.state(id)).toBe('gone')
  expect(await h.node.inventory()).toEqual([])
})

test('create that the node fails leaves nothing', async () => {
  await using h = await Harness.start()
  h.node.failNext('create', BROKEN)
  await expect(h.create()).rejects.toMatchObject({ code: 'engine_failed' })
  expect(await h.store.sandboxes.all()).toEqual([])
  expect(await h.node.inventory()).toEqual([])
})

test('a sandbox that nobody could look at is put right by itself', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  h.node.failNext('pause', BROKEN)
  h.node.failNext('find', BROKEN)
  await expect(h.pause(id)).rejects.toMatchObject({ code: 'engine_failed' })
  expect(await h.state(id)).toBe('pausing')
  await h.pass(1)
  expect(await h.state(id)).toBe('running')
})

test('wake that its caller gives up goes on for the others', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true, autoResume: true })
  await h.pause(id)
  const blocked = h.node.blockNext('resume')
  const impatient = new AbortController()
  const givenUp = h.service.routes.wake(id, impatient.signal)
  const patient = h.wake(id)
  await blocked.entered
  impatient.abort(new Error('client went away'))
  await expect(givenUp).rejects.toThrow('client went away')
  blocked.release()
  await patient
  expect(h.node.calls.resume).toBe(1)
})

test('dispose waits for what is on its way', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  const blocked = h.node.blockNext('pause')
  const pausing = h.pause(id)
  await blocked.entered
  let isDisposed = false
  const disposing = h.service[Symbol.asyncDispose]().then(() => (isDisposed = true))
  await new Promise((resolve) => setImmediate(resolve))
  expect(isDisposed).toBe(false)
  blocked.release()
  await Promise.all([disposing, pausing])
  expect(await h.state(id)).toBe('paused')
})
