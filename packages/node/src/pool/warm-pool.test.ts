import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError, type SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SandboxNode } from '../sandbox-node.ts'
import { createRequest, dieAt, NodeFixture } from '../testing/node-fixture.ts'

const { templateId, limits } = createRequest()

describe('SandboxNode with a pool', () => {
  let machine: NodeFixture
  let node: SandboxNode

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { poolSize: 2 }
    node = await machine.startNode()
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('makes members of the base template once it is warm; they are nobody’s sandboxes', async () => {
    expect(await node.claim(templateId, limits)).toBeUndefined()
    await machine.fillPool(node)
    expect(machine.host.sandboxes.size).toBe(2)
    expect(await node.inventory()).toEqual([])
    const [id] = [...machine.host.sandboxes.keys()] as SandboxId[]
    expect(await node.find(id!)).toBeUndefined()
    await expect(node.pause(id!, { memory: true })).rejects.toMatchObject({ code: 'not_found' })
  })

  it('a create of a claimed id thaws it with a fresh identity, and its place is filled behind', async () => {
    await machine.fillPool(node)
    const id = await claimed()
    machine.host.failNext('create', new DrowseError('engine_failed', 'Cannot: told so'))
    await node.create({ ...createRequest(), id })
    expect(JSON.parse(machine.host.lastInit(id)!)).toMatchObject({
      hostname: id,
      identity: 'fresh',
      envVars: { A: '1' },
    })
    expect(machine.host.takeFault('create')).toBeDefined()
    await machine.clock.advance(1000)
    await node.settled()
    expect(machine.host.sandboxes.size).toBe(3)
    const [next, last] = [await claimed(), await claimed()]
    expect(new Set([id, next, last]).size).toBe(3)
    expect(await node.claim(templateId, limits)).toBeUndefined()
  })

  it('a create whose member died, or does not thaw, is made in the usual way under the same id', async () => {
    await machine.fillPool(node)
    const [first, second] = [await claimed(), await claimed()]
    await machine.host.crash(first)
    await node.settled()
    await node.create({ ...createRequest(), id: first })
    machine.host.failNext('thaw', new DrowseError('engine_failed', 'Cannot: told so'))
    await node.create({ ...createRequest(), id: second })
    expect((await node.inventory()).map(({ status }) => status)).toEqual(['running', 'running'])
  })

  it('a create of a claimed id with other limits does not take the member', async () => {
    await machine.fillPool(node)
    const id = await claimed()
    const other = { memoryMb: 1024, cpuCount: 1 }
    await node.create({ ...createRequest(), id, limits: other })
    expect(machine.host.sandboxes.get(id)?.spec.limits).toEqual(other)
  })

  it('is made within the budget of frozen memory, and gives its memory up when the host is short of it', async () => {
    await node[Symbol.asyncDispose]()
    machine.settings = { poolSize: 2, frozenMemoryMb: 48 }
    node = await machine.startNode()
    await machine.fillPool(node)
    // A member is expected to hold 48 MiB, though a fake one holds 1: the second has no room.
    expect(machine.host.sandboxes.size).toBe(1)
    machine.facts.availableBytes = (): number => 0
    await machine.clock.advance(5_000)
    await node.settled()
    expect([...machine.host.sandboxes]).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect(await node.claim(templateId, limits)).toBeUndefined()
  })

  it('a claimed one that is not created within a minute is removed, and a later create of its id is made in the usual way', async () => {
    await machine.fillPool(node)
    const id = await claimed()
    await machine.clock.advance(66_000)
    await node.settled()
    expect(machine.host.sandboxes.has(id)).toBe(false)
    await node.create({ ...createRequest(), id })
    expect(await node.find(id)).toMatchObject({ status: 'running' })
  })

  it('a restart takes members in again, claimed ones too', async () => {
    await machine.fillPool(node)
    const id = await claimed()
    await node[Symbol.asyncDispose]()
    node = await machine.startNode()
    expect(new Set([await claimed(), await claimed()])).toContain(id)
    expect(machine.host.sandboxes.size).toBe(2)
  })

  it.each([
    ['the template changed', {}],
    ['the engine is of another build', { build: { build: 'other' } }],
    ['the pool is off', { settings: { poolSize: 0 } }],
  ])('a restart removes members when %s', async (_name, options) => {
    await machine.fillPool(node)
    await node[Symbol.asyncDispose]()
    if (Object.keys(options).length === 0) await changeTemplate()
    node = await machine.startNode(options)
    await node.settled()
    expect([...machine.host.sandboxes]).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
  })

  it('members of a template that was built again are neither handed out nor kept', async () => {
    await machine.fillPool(node)
    const old = [...machine.host.sandboxes.keys()]
    await changeTemplate()
    expect(await node.claim(templateId, limits)).toBeUndefined()
    await machine.fillPool(node)
    expect([...machine.host.sandboxes.keys()].filter((id) => old.includes(id))).toEqual([])
    expect(await node.claim(templateId, limits)).toBeDefined()
  })

  it.each(['reserve', 'create', 'restore', 'answer', 'freeze'])(
    'a member cut after %s is removed at the start',
    async (step) => {
      await node.warm()
      await cut(`pool.${step}`, () => machine.clock.advance(1000))
      expect([...machine.host.sandboxes]).toEqual([])
      expect(await readdir(machine.folder.sandboxes)).toEqual([])
    },
  )

  it('a member cut after manifest is whole', async () => {
    await node.warm()
    await cut('pool.manifest', () => machine.clock.advance(1000))
    await node.create({ ...createRequest(), id: await claimed() })
  })

  it.each(['thaw', 'init', 'manifest'])('a create of a member cut after %s is whole or gone', async (step) => {
    await machine.fillPool(node)
    const id = await claimed()
    await node[Symbol.asyncDispose]()
    await cut(`create.${step}`, (doomed) => doomed.create({ ...createRequest(), id }))
    expect((await node.find(id))?.status).toBe(step === 'manifest' ? 'running' : undefined)
    expect(machine.host.sandboxes.has(id)).toBe(step === 'manifest')
  })

  it('kill() of a claimed id, also during its create, leaves nothing of it', async () => {
    await machine.fillPool(node)
    const [first, second] = [await claimed(), await claimed()]
    const creating = expect(node.create({ ...createRequest(), id: second })).rejects.toMatchObject({
      code: 'not_found',
    })
    await Promise.all([node.kill(first), node.kill(second)])
    await creating
    await node.settled()
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect([...machine.host.sandboxes]).toEqual([])
  })

  async function claimed(): Promise<SandboxId> {
    const id = await node.claim(templateId, limits)
    expect(id).toBeDefined()
    return id!
  }

  async function changeTemplate(): Promise<void> {
    const definition = { id: 'base', names: ['base'], layers: ['debian', 'more'], ...limits, diskSizeMb: 1024 }
    await writeFile(join(machine.folder.templates, 'base', 'template.json'), JSON.stringify(definition))
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
