import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SandboxNode } from './sandbox-node.ts'
import { sandboxFolder } from './sandbox-folder.ts'
import { createRequest, dieAt, NodeFixture } from './testing/node-fixture.ts'

const init = { accessToken: 'secret', envVars: {} }

/** Every test: a node is killed after a step, a new one starts on what disk and host still hold. */
describe('SandboxNode killed and started again', () => {
  let machine: NodeFixture

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { frozenMemoryMb: 0 }
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it.each(['reserve', 'create', 'start', 'init'])('a create cut after %s leaves nothing', async (step) => {
    const { onStep, died } = dieAt(`create.${step}`)
    const doomed = await machine.startNode({ onStep })
    void doomed.create(createRequest())
    await died
    const node = await machine.startNode()
    expect(await node.inventory()).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect([...machine.host.sandboxes]).toEqual([])
  })

  it.each(['create.restore', 'create.manifest'])(
    'a create from a warm image cut after %s is whole or gone',
    async (step) => {
      const first = await machine.startNode()
      await first.warm()
      const { onStep, died } = dieAt(step)
      const doomed = await machine.startNode({ onStep })
      const request = createRequest()
      void doomed.create(request)
      await died
      const node = await machine.startNode()
      const found = await node.find(request.id)
      expect(found).toEqual(
        step === 'create.manifest' ? { id: request.id, status: 'running', hasMemory: false } : undefined,
      )
      await expectNoOrphans(node)
    },
  )

  it('a running sandbox is adopted', async () => {
    const { node: first, id } = await withSandbox()
    await first[Symbol.asyncDispose]()
    const node = await machine.startNode()
    expect(await machine.count(node, id)).toBe(2)
  })

  it.each(['freeze', 'space', 'checkpoint', 'sync', 'describe'])('a pause cut after %s runs on', async (step) => {
    const { id } = await withSandbox()
    const node = await cut(`pause.${step}`, (doomed) => doomed.pause(id, { memory: true }))
    expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
    expect(await machine.count(node, id)).toBe(2)
    const names = await readdir(sandboxFolder(machine.folder, id).root)
    expect(names.filter((name) => name.startsWith('image'))).toEqual([])
    await node.pause(id, { memory: true })
    await expectWakes(node, id, 3)
  })

  it.each(['rename', 'manifest'])('a pause cut after %s is finished, its memory kept', async (step) => {
    const { id } = await withSandbox()
    const node = await cut(`pause.${step}`, (doomed) => doomed.pause(id, { memory: true }))
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'disk' })
    await expectNoOrphans(node)
    await expectWakes(node, id, 2)
  })

  it.each([
    ['freeze', 'running'],
    ['sync', 'running'],
    ['manifest', 'paused'],
  ] as const)('a pause without memory cut after %s leaves it %s', async (step, status) => {
    const { id } = await withSandbox()
    const node = await cut(`pause.${step}`, (doomed) => doomed.pause(id, { memory: false }))
    expect(await node.find(id)).toMatchObject({ status, hasMemory: false })
    await expectNoOrphans(node)
  })

  it('an answered pause survives the loss of everything the host held', async () => {
    const { node: first, id } = await withSandbox()
    await first.pause(id, { memory: true })
    await machine.host[Symbol.asyncDispose]()
    const node = await machine.startNode()
    await expectWakes(node, id, 2)
  })

  it('a wake cut after create stays paused', async () => {
    const { node: first, id } = await withSandbox()
    await first.pause(id, { memory: true })
    await first[Symbol.asyncDispose]()
    const node = await cut('resume.create', (doomed) => doomed.resume(id, { init, memory: true }))
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'disk' })
    await expectNoOrphans(node)
    await expectWakes(node, id, 2)
  })

  it.each(['restore', 'init', 'manifest'])('a wake cut after %s is adopted and its image consumed', async (step) => {
    const { node: first, id } = await withSandbox()
    await first.pause(id, { memory: true })
    await first[Symbol.asyncDispose]()
    const node = await cut(`resume.${step}`, (doomed) => doomed.resume(id, { init, memory: true }))
    expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
    expect(await node.resume(id, { init, memory: true })).toMatchObject({ isCold: false })
    expect(machine.host.lastInit(id)).toContain('"kept"')
    expect(await machine.count(node, id)).toBe(2)
    await node.pause(id, { memory: true })
    await expectWakes(node, id, 3)
  })

  it('a wake cut after restore whose processes died since keeps its image', async () => {
    const { node: first, id } = await withSandbox()
    await first.pause(id, { memory: true })
    await first[Symbol.asyncDispose]()
    const { onStep, died } = dieAt('resume.restore')
    const doomed = await machine.startNode({ onStep })
    void doomed.resume(id, { init, memory: true })
    await died
    await machine.host.crash(id)
    const node = await machine.startNode()
    await expectWakes(node, id, 2)
  })

  it.each(['booting', 'create-cold', 'start', 'init'])(
    'a cold boot cut after %s keeps the image it had',
    async (step) => {
      const { node: first, id } = await withSandbox()
      await first.pause(id, { memory: true })
      await first[Symbol.asyncDispose]()
      const node = await cut(`resume.${step}`, (doomed) => doomed.resume(id, { init, memory: false }))
      expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true, tier: 'disk' })
      await expectNoOrphans(node)
      await expectWakes(node, id, 2)
    },
  )

  it('a cold boot cut after its manifest is adopted, and the image of the earlier run never comes back', async () => {
    const { node: first, id } = await withSandbox()
    await first.pause(id, { memory: true })
    await first[Symbol.asyncDispose]()
    const { onStep, died } = dieAt('resume.manifest')
    const doomed = await machine.startNode({ onStep })
    void doomed.resume(id, { init, memory: false })
    await died
    await machine.host.crash(id)
    const node = await machine.startNode()
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: false, tier: 'files' })
    expect(await node.resume(id, { init, memory: true })).toMatchObject({ isCold: true })
  })

  it.each(['commit', 'destroy', 'remove'])('a kill cut after %s is finished and leaves nothing', async (step) => {
    const { id } = await withSandbox()
    const node = await cut(`kill.${step}`, (doomed) => doomed.kill(id))
    expect(await node.find(id)).toBeUndefined()
    await node.kill(id)
    await node[Symbol.asyncDispose]()
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect(await readdir(machine.folder.trash)).toEqual([])
    expect([...machine.host.sandboxes]).toEqual([])
  })

  it.each(['freeze', 'checkpoint', 'rename', 'manifest'])(
    'a kill during a pause after %s, cut after its commit, is finished',
    async (step) => {
      const { id } = await withSandbox()
      const { promise: isCut, resolve: tellCut } = Promise.withResolvers<void>()
      const { promise: isPausing, resolve: tellPausing } = Promise.withResolvers<void>()
      const doomed = await machine.startNode({
        onStep: async (name) => {
          if (name === `pause.${step}`) tellPausing()
          if (name === 'kill.commit') tellCut()
          if (name === `pause.${step}` || name === 'kill.commit') await new Promise<never>(() => {})
        },
      })
      doomed.pause(id, { memory: true }).catch(() => undefined)
      await isPausing
      void doomed.kill(id)
      await isCut
      const node = await machine.startNode()
      expect(await node.inventory()).toEqual([])
      expect([...machine.host.sandboxes]).toEqual([])
      expect(await readdir(machine.folder.sandboxes)).toEqual([])
    },
  )

  it('a sandbox whose processes ended with the host is paused with its files', async () => {
    const { id } = await withSandbox()
    await machine.host[Symbol.asyncDispose]()
    const node = await machine.startNode()
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: false, tier: 'files' })
    expect(await node.resume(id, { init, memory: true })).toMatchObject({ isCold: true })
  })

  it('what the engine holds without a folder is destroyed, a folder without manifest goes', async () => {
    const { node: first, id } = await withSandbox()
    await first[Symbol.asyncDispose]()
    await rm(sandboxFolder(machine.folder, id).root, { recursive: true })
    await mkdir(join(machine.folder.sandboxes, createRequest().id))
    await machine.startNode()
    expect([...machine.host.sandboxes]).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
  })

  it('a folder with files but no manifest is kept as broken, one that bears no id is left alone', async () => {
    const { node: first, id } = await withSandbox()
    await first.pause(id, { memory: true })
    await first[Symbol.asyncDispose]()
    const at = sandboxFolder(machine.folder, id)
    await writeFile(join(at.upper, 'file'), 'kept')
    await rm(at.manifest)
    await mkdir(join(machine.folder.sandboxes, 'lost+found'))
    const node = await machine.startNode()
    expect(await node.inventory()).toEqual([{ id, status: 'broken', hasMemory: false }])
    expect(await readdir(machine.folder.sandboxes)).toEqual([id, 'lost+found'])
  })

  it('a sandbox whose manifest cannot be read is shown as broken, keeps its files and its slot, and can be killed', async () => {
    const { node: first, id } = await withSandbox()
    await first.pause(id, { memory: true })
    await first[Symbol.asyncDispose]()
    const path = sandboxFolder(machine.folder, id).manifest
    const manifest = JSON.parse(await readFile(path, 'utf8')) as object
    await writeFile(path, JSON.stringify({ ...manifest, phase: 'of a later version' }))
    const node = await machine.startNode()
    expect(await node.find(id)).toEqual({ id, status: 'broken', hasMemory: false })
    await expect(node.resume(id, { init, memory: true })).rejects.toMatchObject({ code: 'conflict' })
    const other = createRequest()
    await node.create(other)
    expect(machine.host.sandboxes.get(other.id)?.spec.network.slot).toBe(1)
    await node.kill(id)
    expect(await node.find(id)).toBeUndefined()
  })

  async function withSandbox(): Promise<{ node: SandboxNode; id: SandboxId }> {
    const node = await machine.startNode()
    const request = createRequest()
    await node.create(request)
    await machine.count(node, request.id)
    return { node, id: request.id }
  }

  /** Kills a node after `step` of `work` and starts the next one. */
  async function cut(step: string, work: (doomed: SandboxNode) => Promise<unknown>): Promise<SandboxNode> {
    const { onStep, died } = dieAt(step)
    const doomed = await machine.startNode({ onStep })
    void work(doomed)
    await died
    return machine.startNode()
  }

  async function expectWakes(node: SandboxNode, id: SandboxId, count: number): Promise<void> {
    expect(await node.resume(id, { init, memory: true })).toMatchObject({ isCold: false })
    expect(await machine.count(node, id)).toBe(count)
    await expectNoOrphans(node)
  }

  async function expectNoOrphans(node: SandboxNode): Promise<void> {
    const running = (await node.inventory()).filter(({ status }) => status === 'running').map(({ id }) => id)
    expect([...machine.host.sandboxes.keys()]).toEqual(running)
  }
})
