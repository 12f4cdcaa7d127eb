import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError, newSandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { describeNodeClientContract, type NodeUnderTest } from './node-client.contract.ts'
import type { NodeSettings } from './node-settings.ts'
import { sandboxFolder } from './sandbox-folder.ts'
import type { SandboxNode } from './sandbox-node.ts'
import { createRequest, NodeFixture } from './testing/node-fixture.ts'

describeNodeClientContract('SandboxNode over FakeEngine', () => underTest({ frozenMemoryMb: 0 }))
describeNodeClientContract('SandboxNode over FakeEngine with a frozen tier', () => underTest({}))
describeNodeClientContract('SandboxNode over FakeEngine with a warm template', async () => {
  const subject = await underTest({})
  await subject.node.warm()
  return subject
})

async function underTest(settings: Partial<NodeSettings>): Promise<NodeUnderTest & { node: SandboxNode }> {
  const machine = await NodeFixture.make()
  machine.settings = settings
  const node = await machine.startNode()
  return {
    node,
    silence: async (id) => machine.host.sandboxes.get(id)?.guest?.freeze(),
    crash: (id) => machine.host.crash(id),
    ...(settings.frozenMemoryMb === 0 ? {} : { fillPool: () => machine.fillPool(node) }),
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  }
}

describe('SandboxNode', () => {
  let machine: NodeFixture
  const init = { accessToken: 'secret', envVars: {} }

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { frozenMemoryMb: 0 }
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('create() tells the daemon who it is', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    expect(JSON.parse(machine.host.lastInit(request.id)!)).toEqual({
      timestamp: '2023-11-14T22:13:20.000Z',
      accessToken: 'secret',
      envVars: { A: '1' },
      hostname: request.id,
      nameservers: ['192.0.2.1'],
      identity: 'fresh',
    })
  })

  it('create() refuses what is no id', async () => {
    const node = await machine.startNode()
    const id = '../x' as ReturnType<typeof newSandboxId>
    await expect(node.create({ ...createRequest(), id })).rejects.toMatchObject({ code: 'invalid_argument' })
    await node.kill(id)
    expect(await readdir(machine.folder.root)).toContain('sandboxes')
  })

  it.each(['create', 'start'] as const)('create() leaves nothing when the engine fails to %s', async (method) => {
    const node = await machine.startNode()
    machine.host.failNext(method, new DrowseError('engine_failed', 'Cannot: told so'))
    await expect(node.create(createRequest())).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await node.inventory()).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect([...machine.host.sandboxes]).toEqual([])
  })

  it('gives each sandbox a slot of its own, kept across a pause and a restart, and free after a kill', async () => {
    const node = await machine.startNode()
    const [first, second, third] = [createRequest(), createRequest(), createRequest()]
    await node.create(first)
    await node.create(second)
    await node.pause(first.id, { memory: true })
    await node[Symbol.asyncDispose]()
    const next = await machine.startNode()
    await next.create(third)
    expect(slotOf(third.id)).toBe(2)
    await next.resume(first.id, { init, memory: true })
    expect(slotOf(first.id)).toBe(0)
    await next.kill(second.id)
    await next[Symbol.asyncDispose]()
    const fourth = createRequest()
    await next.create(fourth)
    expect(slotOf(fourth.id)).toBe(1)
  })

  it('a sandbox whose addresses others on the host took while it slept wakes at another place, with its memory', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    expect(await machine.count(node, request.id)).toBe(1)
    await node.pause(request.id, { memory: true })
    await node[Symbol.asyncDispose]()
    machine.host.foreignSlots.set(0, '10.231.0.0/30 on link "other"')
    const next = await machine.startNode()
    expect(await next.resume(request.id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(slotOf(request.id)).toBe(1)
    expect(await machine.count(next, request.id)).toBe(2)
    const other = createRequest()
    await next.create(other)
    expect(slotOf(other.id)).toBe(2)
  })

  it('resume() continues the memory and tells the daemon that it kept its identity', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    expect(await machine.count(node, request.id)).toBe(1)
    await node.pause(request.id, { memory: true })
    expect(await node.resume(request.id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, request.id)).toBe(2)
    expect(JSON.parse(machine.host.lastInit(request.id)!)).toMatchObject({ identity: 'kept' })
  })

  it('pause() ends the processes, and the used image goes after the wake', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: true })
    await node[Symbol.asyncDispose]()
    expect([...machine.host.sandboxes]).toEqual([])
    const { root } = sandboxFolder(machine.folder, request.id)
    expect(await readdir(root)).toEqual(expect.arrayContaining(['image', 'manifest.json']))
    await node.resume(request.id, { init, memory: true })
    await node[Symbol.asyncDispose]()
    expect((await readdir(root)).filter((name) => name.startsWith('image'))).toEqual([])
    expect(await readdir(machine.folder.trash)).toEqual([])
  })

  it('pause() with too little disk fails with disk_full and the sandbox runs on', async () => {
    let free = 1024
    const node = await machine.startNode({ freeBytes: async () => free })
    const request = createRequest()
    await node.create(request)
    await expect(node.pause(request.id, { memory: true })).rejects.toMatchObject({
      code: 'disk_full',
      isRetryable: true,
    })
    expect(await machine.count(node, request.id)).toBe(1)
    free = Number.MAX_SAFE_INTEGER
    await node.pause(request.id, { memory: true })
    expect(await node.find(request.id)).toMatchObject({ status: 'paused', hasMemory: true, tier: 'disk' })
  })

  it.each(['freeze', 'checkpoint', 'memoryBytes'] as const)(
    'pause() thaws when the engine fails to %s, and leaves no half image',
    async (method) => {
      const node = await machine.startNode()
      const request = createRequest()
      await node.create(request)
      machine.host.failNext(method, new DrowseError('disk_full', 'Cannot: told so'))
      await expect(node.pause(request.id, { memory: true })).rejects.toMatchObject({ code: 'disk_full' })
      expect(await machine.count(node, request.id)).toBe(1)
      const names = await readdir(sandboxFolder(machine.folder, request.id).root)
      expect(names.filter((name) => name.startsWith('image'))).toEqual([])
    },
  )

  it('pause() names a disk that became full under the checkpoint, of which the engine cannot say so', async () => {
    const free = [Number.MAX_SAFE_INTEGER, 0]
    const node = await machine.startNode({ freeBytes: async () => free.shift() ?? Number.MAX_SAFE_INTEGER })
    const request = createRequest()
    await node.create(request)
    machine.host.failNext('checkpoint', new DrowseError('engine_failed', 'Cannot: it said nothing'))
    await expect(node.pause(request.id, { memory: true })).rejects.toMatchObject({
      code: 'disk_full',
      isRetryable: true,
    })
    expect(await machine.count(node, request.id)).toBe(1)
  })

  it('a destroy that fails behind a pause does not stop the next resume', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    machine.host.failNext('destroy', new DrowseError('engine_failed', 'Cannot: told so'))
    await node.pause(request.id, { memory: true })
    expect(await node.resume(request.id, { init, memory: true })).toEqual({ tier: 'frozen', isCold: false })
  })

  it('resume() boots cold from a damaged image and sets it aside until the next pause', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: true })
    const at = sandboxFolder(machine.folder, request.id)
    await truncate(join(at.image, 'memory.json'), 3)
    expect(await node.resume(request.id, { init, memory: true })).toEqual({
      tier: 'files',
      isCold: true,
      coldReason: expect.stringContaining('memory.json'),
    })
    expect(await machine.count(node, request.id)).toBe(1)
    await node[Symbol.asyncDispose]()
    expect(await readdir(at.root)).toContain('image.bad')
    await node.pause(request.id, { memory: true })
    await node[Symbol.asyncDispose]()
    expect(await readdir(at.root)).not.toContain('image.bad')
  })

  it.each([
    ['missing', async (image: string) => rm(image, { recursive: true })],
    [
      'same size, other bytes',
      async (image: string): Promise<void> => {
        const path = join(image, 'memory.json')
        await writeFile(path, 'x'.repeat((await readFile(path)).length))
      },
    ],
  ])('resume() boots cold from an image that is %s', async (_name, damage) => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: true })
    await damage(sandboxFolder(machine.folder, request.id).image)
    expect(await node.resume(request.id, { init, memory: true })).toEqual({
      tier: 'files',
      isCold: true,
      coldReason: expect.any(String),
    })
    expect(await node.find(request.id)).toMatchObject({ status: 'running' })
  })

  it('resume() boots cold under another engine build, CPU, or without the guest of the image', async () => {
    const node = await machine.startNode()
    const requests = [createRequest(), createRequest(), createRequest()]
    for (const request of requests) {
      await node.create(request)
      await node.pause(request.id, { memory: true })
    }
    await node[Symbol.asyncDispose]()
    const [first, second, third] = requests
    const otherBuild = await machine.startNode({ build: { build: 'other' } })
    expect(await otherBuild.resume(first!.id, { init, memory: true })).toMatchObject({ isCold: true })
    const otherCpu = await machine.startNode({ build: { cpu: 'other' } })
    expect(await otherCpu.resume(second!.id, { init, memory: true })).toMatchObject({ isCold: true })
    await rm(join(machine.folder.guest, 'g1'), { recursive: true })
    const guest = { path: join(machine.folder.guest, 'g2'), hash: 'g2' }
    await mkdir(guest.path)
    const engine = { path: '/nowhere/runsc', sha256: '0', source: 'found' }
    const otherGuest = await machine.startNode({ assets: { engine, guest } })
    expect(await otherGuest.resume(third!.id, { init, memory: true })).toMatchObject({ isCold: true })
    expect(machine.host.sandboxes.get(third!.id)?.spec.guestDirectory).toBe(guest.path)
  })

  it('resume() that fails, cold boot included, keeps what is saved', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    await machine.count(node, request.id)
    await node.pause(request.id, { memory: true })
    machine.host.failNext('restore', new DrowseError('engine_failed', 'Cannot: told so'))
    machine.host.failNext('start', new DrowseError('engine_failed', 'Cannot: told so'))
    await expect(node.resume(request.id, { init, memory: true })).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await node.find(request.id)).toEqual({ id: request.id, status: 'paused', hasMemory: true, tier: 'disk' })
    expect([...machine.host.sandboxes]).toEqual([])
    expect(await node.resume(request.id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await machine.count(node, request.id)).toBe(2)
  })

  it('resume() does not give memory up for a failure that is not the image’s', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: true })
    machine.host.failNext('restore', new DrowseError('disk_full', 'Cannot: told so'))
    await expect(node.resume(request.id, { init, memory: true })).rejects.toMatchObject({ code: 'disk_full' })
    expect(await node.resume(request.id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('find() shows a sandbox whose processes died as paused without memory; resume() boots it from its files', async () => {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    await machine.host.crash(request.id)
    expect(await node.find(request.id)).toEqual({ id: request.id, status: 'paused', hasMemory: false, tier: 'files' })
    expect(await node.resume(request.id, { init, memory: true })).toMatchObject({ isCold: true })
    await machine.host.crash(request.id)
    await node.settled()
    await node.pause(request.id, { memory: true })
    expect(await node.find(request.id)).toEqual({ id: request.id, status: 'paused', hasMemory: false, tier: 'files' })
  })

  it.each(['another kill', 'the next start', 'itself later'])(
    'kill() whose clean-up the engine fails is finished by %s',
    async (how) => {
      let node = await machine.startNode()
      const { id, ...request } = createRequest()
      await node.create({ id, ...request })
      machine.host.failNext('destroy', new DrowseError('engine_failed', 'Cannot: told so'))
      await node.kill(id)
      expect(await node.find(id)).toBeUndefined()
      await node.settled()
      expect(machine.host.status(id)).toBe('running')
      if (how === 'itself later') {
        await machine.clock.advance(30_000)
        await node.settled()
      } else if (how === 'another kill') await node.kill(id)
      else node = await machine.startNode()
      expect(machine.host.status(id)).toBe('absent')
      expect(await readdir(machine.folder.sandboxes)).toEqual([])
    },
  )

  it('kill() of a sandbox whose manifest cannot be written removes it first, and can be repeated', async () => {
    const node = await machine.startNode()
    const { id, ...request } = createRequest()
    await node.create({ id, ...request })
    // What no file can take the place of.
    const { manifest } = sandboxFolder(machine.folder, id)
    await rm(manifest)
    await mkdir(join(manifest, 'in-the-way'), { recursive: true })
    machine.host.failNext('destroy', new DrowseError('engine_failed', 'Cannot: told so'))
    await expect(node.kill(id)).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await node.find(id)).toBeDefined()
    await node.kill(id)
    expect(await node.find(id)).toBeUndefined()
    expect(machine.host.status(id)).toBe('absent')
  })

  function slotOf(id: string): number | undefined {
    return machine.host.sandboxes.get(id)?.spec.network.slot
  }
})
