import { DrowseError, type SandboxId } from '@drowse/protocol'
import { describe, expect, test } from 'vitest'
import { Harness, TEAM } from '../testing/harness.ts'

type Operation = (h: Harness, id: SandboxId) => Promise<unknown>

const OPERATIONS: Record<string, Operation> = {
  pause: async (h, id) => await h.pause(id),
  'pause of files': async (h, id) => await h.pause(id, false),
  connect: async (h, id) => await h.connect(id, 600),
  'connect without memory': async (h, id) => await h.service.connect(TEAM, id, { timeoutMs: 600_000, memory: false }),
  resume: async (h, id) => await h.service.resume(TEAM, id, { timeoutMs: 600_000, memory: true }),
  setTimeout: async (h, id) => await h.service.setTimeout(TEAM, id, 600_000),
  refresh: async (h, id) => await h.service.refresh(TEAM, id, 600_000),
  kill: async (h, id) => await h.kill(id),
  traffic: async (h, id) => {
    const { kind } = await h.service.routes.resolve(id)
    if (kind === 'not-found') throw new DrowseError('not_found', 'as the gateway answers')
    if (kind === 'asleep') await h.wake(id)
  },
  timeout: async (h) => await h.pass(300),
  death: async (h, id) => {
    if ((await h.node.find(id))?.status === 'running') h.node.emit({ id, kind: 'died', reason: 'test' })
    await h.pass(0)
  },
  get: async (h, id) => await h.get(id),
  list: async (h, id) => {
    const page = await h.service.list({ teamId: TEAM, states: ['running', 'paused'], order: 'asc', limit: 100 })
    const count = page.sandboxes.filter(({ sandbox }) => sandbox.id === id).length
    const isGone = (await h.state(id)) === 'gone' || (await h.state(id)) === 'killing'
    if (!isGone) expect(count).toBe(1)
  },
}

/** What a caller may be told when something else happens at the same time. */
const ANSWERS = ['ok', 'conflict', 'not_found']

const NAMES = Object.keys(OPERATIONS)
const PAIRS = NAMES.flatMap((first) => NAMES.map((second) => [first, second] as const))

async function outcome(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'ok'
  } catch (error) {
    if (error instanceof DrowseError) return error.code
    throw error
  }
}

/** The store and the node say the same, and nothing is between two states. */
async function expectLegal(h: Harness, id: SandboxId): Promise<string> {
  await h.pass(0)
  const state = await h.state(id)
  expect(['running', 'paused', 'gone']).toContain(state)
  expect((await h.node.find(id))?.status ?? 'gone').toBe(state)
  return state
}

describe.each(['running', 'paused'])('two operations at once on a %s sandbox', (before) => {
  test.each(PAIRS)('%s and %s', async (first, second) => {
    await using h = await Harness.start()
    const id = await h.create({ autoPause: true, autoResume: true })
    if (before === 'paused') await h.pause(id)
    const outcomes = await Promise.all([first, second].map(async (name) => await outcome(OPERATIONS[name]!(h, id))))
    for (const each of outcomes) expect(ANSWERS).toContain(each)
    const state = await expectLegal(h, id)
    if (first === 'kill' || second === 'kill') expect(state).toBe('gone')
    expect(h.node.calls.resume).toBeLessThanOrEqual(first === second ? 1 : 2)
  })
})

describe('an operation while another waits for the node', () => {
  const slow = [
    ['pause', 'pause', 'running'],
    ['connect', 'resume', 'paused'],
    ['traffic', 'resume', 'paused'],
    ['timeout', 'pause', 'running'],
    ['kill', 'kill', 'running'],
  ] as const
  const cases = slow.flatMap(([name, method, before]) => NAMES.map((other) => [name, other, method, before] as const))

  test.each(cases)('%s, then %s', async (name, other, method, before) => {
    await using h = await Harness.start()
    const id = await h.create({ autoPause: true, autoResume: true })
    if (before === 'paused') await h.pause(id)
    const blocked = h.node.blockNext(method)
    const first = outcome(OPERATIONS[name]!(h, id))
    await blocked.entered
    const second = outcome(OPERATIONS[other]!(h, id))
    if (other === 'list' || other === 'get')
      expect(await second).toBe(name === 'kill' && other === 'get' ? 'not_found' : 'ok')
    await new Promise((resolve) => setImmediate(resolve))
    blocked.release()
    for (const each of await Promise.all([first, second])) expect(ANSWERS).toContain(each)
    const state = await expectLegal(h, id)
    if (name === 'kill' || other === 'kill') expect(state).toBe('gone')
  })
})

test('pause and pause at once: both are told that it is paused, and it was saved once', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  expect(await Promise.all([outcome(h.pause(id)), outcome(h.pause(id))])).toEqual(['ok', 'ok'])
  expect(h.node.calls.pause).toBe(1)
})

test('resume and resume at once: one start, two answers', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  await h.pause(id)
  const resume = OPERATIONS['resume']!
  expect(await Promise.all([outcome(resume(h, id)), outcome(resume(h, id))])).toEqual(['ok', 'ok'])
  expect(h.node.calls.resume).toBe(1)
})

test('pause, then connect before it is over: both succeed and it runs', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  const blocked = h.node.blockNext('pause')
  const pausing = h.pause(id)
  await blocked.entered
  const connecting = h.connect(id, 600)
  blocked.release()
  await pausing
  expect((await connecting).isResumed).toBe(true)
  expect(await h.state(id)).toBe('running')
})

test('connect at the instant of the timeout: it runs on, extended or started again', async () => {
  for (const autoPause of [true, false]) {
    await using h = await Harness.start()
    const id = await h.create({ timeoutS: 60, autoPause })
    await h.pass(59.999)
    const [connected] = await Promise.all([outcome(h.connect(id, 600)), h.pass(0.001)])
    if (autoPause) expect(connected).toBe('ok')
    expect(await h.state(id)).toBe(connected === 'ok' ? 'running' : 'gone')
  }
})

test('connect without memory beside a plain one of a marked pause: only the plain one is refused', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  h.node.setGuestSilent(id, true)
  await h.pause(id)
  const plain = outcome(h.connect(id))
  const cold = outcome(h.service.connect(TEAM, id, { timeoutMs: 60_000, memory: false }))
  expect(await Promise.all([plain, cold])).toEqual(['conflict', 'ok'])
})
