import { DrowseError } from '@drowse/protocol'
import { expect, test, vi } from 'vitest'
import { Harness } from '../testing/harness.ts'

const REASON = 'its memory ran out'

test('create takes the id of a sandbox made ahead, and a new one when the node has none or fails', async () => {
  await using h = await Harness.start()
  const made = h.node.addClaimable()
  expect(await h.create()).toBe(made)
  expect(await h.create()).not.toBe(made)
  h.node.addClaimable()
  h.node.failNext('claim', new DrowseError('internal', 'no'))
  expect(await h.state(await h.create())).toBe('running')
})

test('died: with pause on timeout it is paused without memory, says why, and wakes from its files', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true, autoResume: true })
  h.node.emit({ id, kind: 'died', reason: REASON })
  await vi.waitFor(async () => expect(await h.state(id)).toBe('paused'))
  expect((await h.get(id)).coldReason).toBe(REASON)
  expect(await h.events(id)).toEqual(['sandbox.created', 'sandbox.died'])
  await h.wake(id)
  expect((await h.get(id)).coldReason).toBeTypeOf('string')
})

test('died: without pause on timeout it is gone, and its history says why', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  h.node.emit({ id, kind: 'died', reason: REASON })
  await vi.waitFor(async () => expect(await h.state(id)).toBe('gone'))
  expect(await h.node.inventory()).toEqual([])
  const last = (await h.store.events.listBySandbox(id)).at(-1)
  expect(last).toMatchObject({ name: 'sandbox.killed', data: { reason: REASON } })
})

test('died: when the node can not be asked it is settled a little later', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true })
  h.node.failNext('find', new DrowseError('internal', 'no'))
  h.node.emit({ id, kind: 'died', reason: REASON })
  await h.pass(0)
  expect(await h.state(id)).toBe('running')
  await h.pass(5)
  expect(await h.get(id)).toMatchObject({ state: 'paused', coldReason: REASON })
})

test('died: one that was started again meanwhile runs on', async () => {
  await using h = await Harness.start()
  const id = await h.create({ autoPause: true })
  const blocked = h.node.blockNext('pause')
  const pausing = h.pause(id)
  await blocked.entered
  h.node.emit({ id, kind: 'died', reason: REASON })
  blocked.release()
  await pausing.catch(() => {})
  const { sandbox } = await h.connect(id)
  expect(sandbox.state).toBe('running')
  await h.pass(10)
  expect(await h.state(id)).toBe('running')
})

test('tier, memory-limit and image-damaged become events of the sandbox', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  h.node.emit({ id, kind: 'memory-limit', process: 'python3' })
  await h.pass(0)
  await h.pause(id)
  h.node.emit({ id, kind: 'tier', tier: 'disk' })
  await h.pass(0)
  h.node.emit({ id, kind: 'image-damaged', reason: 'it has not its content' })
  await h.pass(0)
  const events = (await h.store.events.listBySandbox(id)).map(({ name, data }) => [name, data])
  expect(events.slice(1)).toEqual([
    ['sandbox.memory-limit', { process: 'python3' }],
    ['sandbox.paused', { reason: 'request', pauseMode: 'full', wasGuestSilent: false }],
    ['sandbox.tier', { tier: 'disk' }],
    ['sandbox.image-damaged', { reason: 'it has not its content' }],
  ])
  await h.connect(id)
  expect((await h.store.events.listBySandbox(id)).at(-1)).toMatchObject({
    name: 'sandbox.resumed',
    data: { tier: 'disk' },
  })
})
