import { readdir } from 'node:fs/promises'
import { DrowseError, type SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NodeEvent } from '../node-client.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxNode } from '../sandbox-node.ts'
import { createRequest, dieAt, NodeFixture } from '../testing/node-fixture.ts'

const init = { accessToken: 'secret', envVars: {} }
const MINUTE_MS = 60_000

describe('SandboxNode with a frozen tier', () => {
  let machine: NodeFixture
  let node: SandboxNode
  let events: NodeEvent[]

  beforeEach(async () => {
    machine = await NodeFixture.make()
    await restart()
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('pause() leaves the sandbox frozen over its durable image, resume() thaws it and takes the image away', async () => {
    const id = await paused()
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'frozen' })
    expect(machine.host.status(id)).toBe('frozen')
    await node.settled()
    expect(await imagesOf(id)).toEqual(['image'])
    // Neither a create nor a restore: they would take these faults.
    machine.host.failNext('create', new DrowseError('internal', 'Cannot: told so'))
    machine.host.failNext('restore', new DrowseError('internal', 'Cannot: told so'))
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'frozen', isCold: false })
    expect(JSON.parse(machine.host.lastInit(id)!)).toMatchObject({ identity: 'kept' })
    expect(await machine.count(node, id)).toBe(2)
    await node.settled()
    expect(await imagesOf(id)).toEqual([])
  })

  it('resume() whose daemon refuses keeps the memory, though the wake was on disk meanwhile', async () => {
    const id = await paused()
    machine.host.sandboxes.get(id)!.guest!.refusesInit = true
    await expect(node.resume(id, { init, memory: true })).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'disk' })
    await restart()
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, id)).toBe(2)
  })

  it('those not used for longest fall to disk when the budget is full', async () => {
    // A fake sandbox holds 1 MiB.
    machine.settings = { frozenMemoryMb: 2 }
    await restart()
    const ids: SandboxId[] = []
    for (let i = 0; i < 3; i++) {
      ids.push(await paused())
      await machine.clock.advance(1000)
    }
    await node.settled()
    expect(await Promise.all(ids.map(async (id) => (await node.find(id))?.tier))).toEqual(['disk', 'frozen', 'frozen'])
    expect(events).toEqual([{ id: ids[0], kind: 'tier', tier: 'disk' }])
    expect(machine.host.status(ids[0]!)).toBe('absent')
    expect(await node.resume(ids[0]!, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, ids[0]!)).toBe(2)
  })

  it('one falls to disk when its time is over, counted over restarts', async () => {
    machine.settings = { frozenMinutes: 10, readyContainers: 0 }
    await restart()
    const id = await paused()
    await machine.clock.advance(6 * MINUTE_MS)
    await restart()
    expect(await node.find(id)).toMatchObject({ tier: 'frozen' })
    await machine.clock.advance(5 * MINUTE_MS)
    await node.settled()
    expect(events).toEqual([{ id, kind: 'tier', tier: 'disk' }])
    expect(machine.host.status(id)).toBe('absent')
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('they give their memory up, one a sweep, while the host is short of it', async () => {
    let available = machine.facts.memoryBytes
    machine.facts = { ...machine.facts, availableBytes: () => available }
    await restart()
    const ids = [await paused(), await paused()]
    available = 0
    await machine.clock.advance(5_000)
    await node.settled()
    expect(events).toEqual([{ id: ids[0], kind: 'tier', tier: 'disk' }])
    available = machine.facts.memoryBytes
    await machine.clock.advance(60_000)
    expect(await node.find(ids[1]!)).toMatchObject({ tier: 'frozen' })
  })

  it('one whose processes die is on disk only, and wakes from there', async () => {
    const id = await paused()
    await machine.host.crash(id)
    await node.settled()
    expect(events).toEqual([{ id, kind: 'tier', tier: 'disk' }])
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, id)).toBe(2)
  })

  it('resume() restores the image when the thaw fails', async () => {
    const id = await paused()
    machine.host.failNext('thaw', new DrowseError('engine_failed', 'Cannot: told so'))
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, id)).toBe(2)
  })

  it('resume() needs no image to thaw, but one without memory boots from files', async () => {
    const [id, other] = [await paused(), await paused()]
    expect(await node.resume(id, { init, memory: false })).toMatchObject({ tier: 'files', isCold: true })
    expect(await machine.count(node, id)).toBe(1)
    await node[Symbol.asyncDispose]()
    node = await machine.startNode({ build: { build: 'other' } })
    expect(await node.resume(other, { init, memory: true })).toEqual({ tier: 'frozen', isCold: false })
  })

  it('kill() of a frozen one leaves nothing', async () => {
    const id = await paused()
    await node.kill(id)
    await node.settled()
    expect([...machine.host.sandboxes]).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect(events).toEqual([])
  })

  it('pauses and resumes at once leave it running or paused, never lost', async () => {
    machine.settings = { frozenMemoryMb: 1 }
    await restart()
    const ids = [await paused(), await paused(), await paused()]
    await Promise.all(
      ids.flatMap((id) => [
        node.resume(id, { init, memory: true }),
        node.pause(id, { memory: true }),
        node.resume(id, { init, memory: true }),
      ]),
    )
    for (const id of ids) expect(await machine.count(node, id)).toBe(2)
  })

  it.each(['rename', 'manifest'])('a pause cut after %s stays frozen', async (step) => {
    const id = await running()
    await cut(`pause.${step}`, (doomed) => doomed.pause(id, { memory: true }))
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'frozen' })
    await expectWakes(id, 'frozen')
  })

  it.each(['thaw', 'init', 'manifest'])(
    'a thaw cut after %s is adopted and its image never comes back',
    async (step) => {
      const id = await paused()
      await cut(`resume.${step}`, (doomed) => doomed.resume(id, { init, memory: true }))
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
      expect(await machine.count(node, id)).toBe(2)
      await node.settled()
      expect(await imagesOf(id)).toEqual([])
      expect(await node.resume(id, { init, memory: true })).toMatchObject({ isCold: false })
      await machine.host.crash(id)
      await node.settled()
      expect(await node.resume(id, { init, memory: true })).toMatchObject({ isCold: true })
    },
  )

  it('a thaw cut before its commit is undone by a reboot: the image is restored', async () => {
    const id = await paused()
    const { onStep, died } = dieAt('resume.thaw')
    const doomed = await machine.startNode({ onStep })
    void doomed.resume(id, { init, memory: true })
    await died
    await machine.host[Symbol.asyncDispose]()
    await restart()
    await expectWakes(id, 'disk')
  })

  it('an eviction cut after its end of the processes is finished', async () => {
    machine.settings = { frozenMinutes: 1 }
    const id = await paused()
    await cut('evict.destroy', async () => machine.clock.advance(2 * MINUTE_MS))
    expect(await node.find(id)).toMatchObject({ tier: 'disk' })
    await expectWakes(id, 'disk')
  })

  it.each(['frozen', 'disk'] as const)('an answered pause survives a reboot and a restart (%s)', async (tier) => {
    const id = await paused()
    if (tier === 'disk') await machine.host[Symbol.asyncDispose]()
    await restart()
    await expectWakes(id, tier)
  })

  it.each(['thaw', 'init', 'manifest'])('kill() during a thaw after %s wins', async (step) => {
    const id = await paused()
    await node[Symbol.asyncDispose]()
    const held = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    node = await machine.startNode({
      onStep: async (name) => {
        if (name !== `resume.${step}`) return
        held.resolve()
        await release.promise
      },
    })
    const outcome = expect(node.resume(id, { init, memory: true })).rejects.toMatchObject({ code: 'not_found' })
    await held.promise
    await node.kill(id)
    await outcome
    release.resolve()
    await node[Symbol.asyncDispose]()
    expect([...machine.host.sandboxes]).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
  })

  async function restart(): Promise<void> {
    await node?.[Symbol.asyncDispose]()
    node = await machine.startNode()
    events = []
    node.onEvent((event) => events.push(event))
  }

  async function running(): Promise<SandboxId> {
    const request = createRequest()
    await node.create(request)
    expect(await machine.count(node, request.id)).toBe(1)
    return request.id
  }

  async function paused(): Promise<SandboxId> {
    const id = await running()
    await node.pause(id, { memory: true })
    return id
  }

  async function imagesOf(id: SandboxId): Promise<string[]> {
    return (await readdir(sandboxFolder(machine.folder, id).root)).filter((name) => name.startsWith('image'))
  }

  async function expectWakes(id: SandboxId, tier: string): Promise<void> {
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier, isCold: false })
    expect(await machine.count(node, id)).toBe(2)
  }

  /** Kills a node after `step` of `work` and starts the next one. */
  async function cut(step: string, work: (doomed: SandboxNode) => Promise<unknown>): Promise<void> {
    await node[Symbol.asyncDispose]()
    const { onStep, died } = dieAt(step)
    const doomed = await machine.startNode({ onStep })
    void work(doomed)
    await died
    node = await machine.startNode()
  }
})
