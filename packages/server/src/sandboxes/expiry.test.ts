import { DrowseError, type SandboxId } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Harness, TEAM } from '../testing/harness.ts'

const FULL = new DrowseError('disk_full', 'no space left')

/** Longest time, in ms, that a machine with other work takes for a thousand. */
const PATIENCE_MS = 60_000

test('expiry of a thousand at once pauses half and kills half', { timeout: PATIENCE_MS }, async () => {
  await using h = await Harness.start()
  const ids: SandboxId[] = []
  for (let i = 0; i < 1000; i += 100) {
    const batch = Array.from(
      { length: 100 },
      async (_, at) => await h.create({ timeoutS: 60, autoPause: at % 2 === 0 }),
    )
    ids.push(...(await Promise.all(batch)))
  }
  await h.pass(59.999)
  expect(h.node.calls.pause + h.node.calls.kill).toBe(0)
  await h.pass(0.001)
  await h.service[Symbol.asyncDispose]()
  const states = await Promise.all(ids.map(async (id) => await h.state(id)))
  expect(states).toEqual(ids.map((_, i) => (i % 2 === 0 ? 'paused' : 'gone')))
  expect(h.node.calls).toMatchObject({ pause: 500, kill: 500 })
})

test('expiry tries a failed pause again, ever slower, and others do not wait', async () => {
  await using h = await Harness.start()
  const failing = await h.create({ timeoutS: 60, autoPause: true })
  const other = await h.create({ timeoutS: 61, autoPause: true })
  for (let i = 0; i < 3; i++) h.node.failNext('pause', FULL)
  await h.pass(60)
  expect(await h.state(failing)).toBe('running')
  await h.pass(0.999)
  expect(h.node.calls.pause).toBe(1)
  h.node.failNext('kill', FULL) // unrelated to pauses
  await h.pass(0.001)
  await h.pass(10)
  expect(await h.state(other)).toBe('paused')
  expect(await h.state(failing)).toBe('paused')
})

test('expiry leaves one whose time was extended just before', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 60 })
  await h.pass(59)
  await h.connect(id, 100)
  await h.pass(99)
  expect(await h.state(id)).toBe('running')
  await h.pass(1)
  expect(await h.state(id)).toBe('gone')
})

test('expiry comes at once after setTimeout 0', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  await h.service.setTimeout(TEAM, id, 0)
  await h.pass(0)
  expect(await h.state(id)).toBe('gone')
})

test('expiry keeps deadlines that are months away', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 24 * 3600 })
  await h.pass(24 * 3600 - 1)
  expect(await h.state(id)).toBe('running')
  await h.pass(1)
  expect(await h.state(id)).toBe('gone')
})

test('expiry that was due while the service was down comes at the next start', async () => {
  await using h = await Harness.start()
  const id = await h.create({ timeoutS: 60, autoPause: true })
  await h.service[Symbol.asyncDispose]()
  await h.pass(1000)
  expect(await h.state(id)).toBe('running')
  await h.restart()
  await h.pass(0)
  expect(await h.state(id)).toBe('paused')
})
