import { DrowseError, type SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SandboxNode } from '../sandbox-node.ts'
import { createRequest, dieAt, NodeFixture } from '../testing/node-fixture.ts'

const init = { accessToken: 'secret', envVars: {} }
const GIB = 1024 ** 3
/** What a container counts, and the quiet time before one is made. */
const CONTAINER_MIB = 20
const QUIET_MS = 200
const toldSo = new DrowseError('engine_failed', 'Cannot: told so')

/** Every pause here goes straight to the disk tier: the time to stay frozen is over before it begins. */
describe('ReadyContainers', () => {
  let machine: NodeFixture
  let node: SandboxNode

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { frozenMinutes: 1e-9, poolSize: 0, readyContainers: 2 }
    node = await machine.startNode()
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('a sandbox on disk gets a container, and its wake makes none', async () => {
    const id = await paused()
    expect(machine.host.status(id)).toBe('absent')
    await quiet()
    expect(machine.host.status(id)).toBe('created')
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'disk' })
    machine.host.failNext('create', toldSo)
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, id)).toBe(2)
  })

  it('they belong to those that were paused last, and to no more than the setting says', async () => {
    const ids = [await paused(), await paused(), await paused()]
    await quiet()
    expect(statuses(ids)).toEqual(['absent', 'created', 'created'])
    ids.push(await paused())
    await quiet()
    expect(statuses(ids)).toEqual(['absent', 'absent', 'created', 'created'])
    await node.kill(ids[3]!)
    await quiet()
    expect(statuses(ids)).toEqual(['absent', 'created', 'created', 'absent'])
  })

  it('none is made where it would take memory that frozen sandboxes may keep', async () => {
    await restart({ frozenMemoryMb: CONTAINER_MIB })
    const ids = [await paused(), await paused()]
    await quiet()
    expect(statuses(ids)).toEqual(['absent', 'created'])
  })

  it('none is made while an operation is under way', async () => {
    const id = await paused()
    await node[Symbol.asyncDispose]()
    const { onStep, died } = dieAt('pause.freeze')
    node = await machine.startNode({ onStep })
    const request = createRequest()
    await node.create(request)
    void node.pause(request.id, { memory: true })
    await died
    await machine.clock.advance(QUIET_MS * 5)
    expect(machine.host.status(id)).toBe('absent')
  })

  it('one is given up before a create is refused for want of memory, and while the host has less than its reserve', async () => {
    let availableBytes = 60 * GIB
    machine.facts = { ...machine.facts, availableBytes: () => availableBytes }
    await restart({})
    const ids = [await paused(), await paused()]
    await quiet()
    expect(statuses(ids)).toEqual(['created', 'created'])
    availableBytes = 1024
    await expect(node.create(createRequest())).rejects.toMatchObject({ code: 'unavailable' })
    expect(statuses(ids)).toEqual(['absent', 'absent'])
    availableBytes = 60 * GIB
    await quiet()
    expect(statuses(ids)).toEqual(['created', 'created'])
    availableBytes = 1024
    await machine.clock.advance(5_000)
    await node.settled()
    expect(statuses(ids).toSorted()).toEqual(['absent', 'created'])
  })

  it('a resume that is refused leaves the container that is there for the next', async () => {
    // Room for the limits of one sandbox of 512 MiB, and for what a container holds.
    await restart({ memoryOvercommit: (512 + CONTAINER_MIB) / (64 * 1024) })
    const id = await paused()
    const other = createRequest()
    await node.create(other)
    await quiet()
    expect(machine.host.status(id)).toBe('created')
    await expect(node.resume(id, { init, memory: true })).rejects.toMatchObject({ code: 'rate_limited' })
    expect(machine.host.status(id)).toBe('created')
    await node.kill(other.id)
    machine.host.failNext('create', toldSo)
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('a failed restore into one is tried again in a new one before the memory is given up', async () => {
    const id = await paused()
    await quiet()
    machine.host.failNext('restore', toldSo)
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, id)).toBe(2)
  })

  it('one that died meanwhile costs the wake its speed, not its success', async () => {
    const id = await paused()
    await quiet()
    await machine.host.crash(id)
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('a container that cannot be made leaves the sandbox as it is', async () => {
    const id = await paused()
    machine.host.failNext('create', toldSo)
    await quiet()
    expect(machine.host.status(id)).toBe('absent')
    expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('a kill takes it along, also while it is being made', async () => {
    const [id, other] = [await paused(), await paused()]
    await quiet()
    await node.kill(id)
    const hook = dieAt('ready.create')
    await node[Symbol.asyncDispose]()
    await machine.host.crash(other)
    const next = await machine.startNode({ onStep: hook.onStep })
    await machine.clock.advance(QUIET_MS)
    await hook.died
    await next.kill(other)
    expect(statuses([id, other])).toEqual(['absent', 'absent'])
    expect(await next.inventory()).toEqual([])
  })

  it('a boot from files uses it too', async () => {
    const id = await paused()
    await quiet()
    machine.host.failNext('create', toldSo)
    expect(await node.resume(id, { init, memory: false })).toMatchObject({ isCold: true })
  })

  it('those of an earlier run are used when there is room for them, else removed', async () => {
    const ids = [await paused(), await paused()]
    await quiet()
    await node[Symbol.asyncDispose]()
    await restart({ readyContainers: 1 })
    expect(statuses(ids).toSorted()).toEqual(['absent', 'created'])
    await quiet()
    expect(statuses(ids)).toEqual(['absent', 'created'])
    machine.host.failNext('create', toldSo)
    expect(await node.resume(ids[1]!, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('one for an image of another engine build is removed at a start', async () => {
    const id = await paused()
    await quiet()
    await node[Symbol.asyncDispose]()
    node = await machine.startNode({ build: { build: 'another' } })
    expect(machine.host.status(id)).toBe('absent')
  })

  it.each(['ready.create', 'resume.create'])(
    'a node that dies after %s leaves a container for the next',
    async (step) => {
      const id = await paused()
      await node[Symbol.asyncDispose]()
      const hook = dieAt(step)
      const doomed = await machine.startNode({ onStep: hook.onStep })
      if (step === 'resume.create') void doomed.resume(id, { init, memory: true })
      // A moment in which something else is under way is not quiet, and the next one is tried.
      const dead = hook.died.then(() => true)
      while (!(await Promise.race([dead, machine.clock.advance(QUIET_MS).then(() => false)])));
      node = await machine.startNode()
      expect(machine.host.status(id)).toBe('created')
      expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'disk' })
      expect(await node.resume(id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
      expect(await machine.count(node, id)).toBe(2)
    },
  )

  it('none is made when the setting is 0, and none is left from before', async () => {
    const id = await paused()
    await quiet()
    await node[Symbol.asyncDispose]()
    await restart({ readyContainers: 0 })
    expect(machine.host.status(id)).toBe('absent')
    await quiet()
    expect(machine.host.status(id)).toBe('absent')
  })

  async function restart(settings: object): Promise<void> {
    machine.settings = { ...machine.settings, ...settings }
    node = await machine.startNode()
  }

  async function paused(): Promise<SandboxId> {
    const { id, ...request } = createRequest()
    await node.create({ id, ...request })
    await machine.count(node, id)
    await machine.clock.advance(1)
    await node.pause(id, { memory: true })
    return id
  }

  /** Lets the quiet time pass and what follows it end. */
  async function quiet(): Promise<void> {
    await machine.clock.advance(QUIET_MS)
    await node.settled()
  }

  function statuses(ids: readonly SandboxId[]): string[] {
    return ids.map((id) => machine.host.status(id))
  }
})
