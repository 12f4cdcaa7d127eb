import { FakeNode, type NodeClient } from '@drowse/node'
import { newSandboxId, type SandboxId } from '@drowse/protocol'
import { describe, expect, test, vi } from 'vitest'
import { Harness } from '../testing/harness.ts'

type Cut = 'before its effect' | 'after its effect'

/** A view of the node through which one method never answers, as when the service dies while it waits. */
function cutAt(
  node: NodeClient,
  method: 'create' | 'pause' | 'resume' | 'kill',
  cut: Cut,
): NodeClient & { reached: Promise<void> } {
  const reached = Promise.withResolvers<void>()
  return new Proxy(node as NodeClient & { reached: Promise<void> }, {
    get(target, name) {
      if (name === 'reached') return reached.promise
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      if (name !== method) return member.bind(target) as unknown
      return async (...args: unknown[]) => {
        if (cut === 'after its effect') await (member.apply(target, args) as Promise<unknown>)
        reached.resolve()
        return await new Promise(() => {})
      }
    },
  })
}

describe.each(['before its effect', 'after its effect'] as const)('reconcile() after a crash %s', (cut) => {
  test('of a create removes it', async () => {
    await using h = await Harness.start()
    const cutNode = cutAt(h.node, 'create', cut)
    h.use(cutNode)
    void h.create()
    await cutNode.reached
    await h.restart()
    expect(await h.store.sandboxes.all()).toEqual([])
    expect(await h.node.inventory()).toEqual([])
  })

  test('of a pause leaves it as the node has it', async () => {
    await using h = await Harness.start()
    const id = await h.create()
    await crash(h, 'pause', cut, () => h.pause(id))
    expect(await h.state(id)).toBe(cut === 'before its effect' ? 'running' : 'paused')
    await h.connect(id)
    expect((await h.get(id)).coldReason).toBeUndefined()
  })

  test('of a start leaves it as the node has it', async () => {
    await using h = await Harness.start()
    const id = await h.create()
    await h.pause(id)
    await crash(h, 'resume', cut, () => h.connect(id, 77))
    expect(await h.state(id)).toBe(cut === 'before its effect' ? 'paused' : 'running')
    if (cut === 'after its effect') expect(await h.secondsLeft(id)).toBe(77)
  })

  test('of a cold start keeps why it is cold', async () => {
    await using h = await Harness.start()
    const id = await h.create()
    await h.pause(id)
    h.node.spoilMemory(id, 'the saved memory is damaged')
    await crash(h, 'resume', cut, () => h.connect(id, 77))
    await h.connect(id, 77)
    expect(await h.get(id)).toMatchObject({ state: 'running', coldReason: 'the saved memory is damaged' })
    const resumed = (await h.store.events.listBySandbox(id)).filter(({ name }) => name === 'sandbox.resumed')
    expect(resumed).toMatchObject([{ data: { coldReason: 'the saved memory is damaged' } }])
  })

  test('of a kill finishes it', async () => {
    await using h = await Harness.start()
    const id = await h.create()
    await crash(h, 'kill', cut, () => h.kill(id))
    expect(await h.state(id)).toBe('gone')
    expect(await h.node.inventory()).toEqual([])
    expect(await h.events(id)).toEqual(['sandbox.created', 'sandbox.killed'])
  })
})

describe('reconcile() of a running sandbox whose processes died', () => {
  test('with pause on timeout makes it paused, and says why it starts cold', async () => {
    await using h = await Harness.start()
    const id = await h.create({ autoPause: true, autoResume: true })
    h.node.loseProcesses(id)
    await h.restart()
    expect(await h.get(id)).toMatchObject({ state: 'paused', coldReason: expect.stringContaining('processes ended') })
    await h.wake(id)
    expect(await h.get(id)).toMatchObject({ state: 'running', coldReason: expect.any(String) })
    expect(await h.events(id)).toEqual(['sandbox.created', 'sandbox.died', 'sandbox.resumed'])
  })

  test('takes the reason that the node gave before anybody listened', async () => {
    await using h = await Harness.start()
    const id = await h.create({ autoPause: true })
    const next = new FakeNode()
    await next.create({ id, templateId: 'base', limits: { memoryMb: 512, cpuCount: 2 }, init: { envVars: {} } })
    next.emit({ id, kind: 'died', reason: 'the host was short of memory' })
    await h.restart(next)
    await vi.waitFor(async () => expect(await h.state(id)).toBe('paused'))
    expect((await h.get(id)).coldReason).toBe('the host was short of memory')
    expect(await h.events(id)).toEqual(['sandbox.created', 'sandbox.died'])
  })

  test('without it is gone, with the reason in its events', async () => {
    await using h = await Harness.start()
    const id = await h.create()
    h.node.loseProcesses(id)
    await h.restart()
    expect(await h.state(id)).toBe('gone')
    expect((await h.store.events.listBySandbox(id)).at(-1)).toMatchObject({
      name: 'sandbox.killed',
      data: { reason: expect.stringContaining('processes ended') },
    })
  })
})

test('reconcile() keeps a paused one that the node does not hold, until it is killed', async () => {
  await using h = await Harness.start()
  const id = await h.create()
  await h.pause(id)
  await h.node.kill(id)
  await h.restart()
  expect(await h.state(id)).toBe('paused')
  await expect(h.connect(id)).rejects.toMatchObject({ code: 'engine_failed' })
  expect(await h.state(id)).toBe('paused')
  await h.kill(id)
  expect(await h.state(id)).toBe('gone')
})

test('reconcile() removes nothing that the store does not know: it pauses it', async () => {
  await using h = await Harness.start()
  const id: SandboxId = newSandboxId()
  await h.node.create({ id, templateId: 'base', limits: { memoryMb: 1, cpuCount: 1 }, init: { envVars: {} } })
  await h.restart()
  expect(await h.node.find(id)).toMatchObject({ id, status: 'paused', hasMemory: true })
  expect(await h.events(id)).toEqual(['sandbox.mismatch'])
})

test('reconcile() leaves running and paused ones that agree alone', async () => {
  await using h = await Harness.start()
  const [running, paused] = [await h.create(), await h.create()]
  await h.pause(paused)
  const before = await h.store.sandboxes.all()
  await h.restart()
  expect(await h.store.sandboxes.all()).toEqual(before)
  expect([await h.state(running), await h.state(paused)]).toEqual(['running', 'paused'])
})

async function crash(
  h: Harness,
  method: 'pause' | 'resume' | 'kill',
  cut: Cut,
  operation: () => Promise<unknown>,
): Promise<void> {
  const cutNode = cutAt(h.node, method, cut)
  h.use(cutNode)
  void operation()
  await cutNode.reached
  await h.restart()
}
