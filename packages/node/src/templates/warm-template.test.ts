import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SandboxNode } from '../sandbox-node.ts'
import { createRequest, dieAt, NodeFixture } from '../testing/node-fixture.ts'

describe('SandboxNode.warm', () => {
  let machine: NodeFixture

  beforeEach(async () => {
    machine = await NodeFixture.make()
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('leaves an image and a layer from which sandboxes are restored, and no scratch', async () => {
    const node = await machine.startNode()
    await node.warm()
    await node[Symbol.asyncDispose]()
    expect(await readdir(join(machine.folder.templates, 'base'))).toEqual(['template.json', 'warm'])
    expect([...machine.host.sandboxes]).toEqual([])
    const layer = await warmLayer()
    expect(await readdir(machine.folder.layers)).toEqual(['debian', layer])
    // A restore and not a boot: a start would take this fault.
    machine.host.failNext('start', new DrowseError('engine_failed', 'Cannot: told so'))
    const request = createRequest()
    await node.create(request)
    expect(machine.host.sandboxes.get(request.id)?.spec.layers).toEqual([
      join(machine.folder.layers, layer, 'root'),
      join(machine.folder.layers, 'debian', 'root'),
    ])
  })

  it('calls at the same time and later ones share one image', async () => {
    const node = await machine.startNode()
    await Promise.all([node.warm(), node.warm()])
    const layer = await warmLayer()
    await node.warm()
    expect(await warmLayer()).toBe(layer)
    expect(await readdir(machine.folder.layers)).toHaveLength(2)
  })

  it('is made again for another engine build, and the old layer stays while a sandbox needs it', async () => {
    const node = await machine.startNode()
    await node.warm()
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: true })
    const old = await warmLayer()
    await node[Symbol.asyncDispose]()

    const upgraded = await machine.startNode({ build: { build: 'other' } })
    await upgraded.warm()
    expect(await warmLayer()).not.toBe(old)
    await upgraded[Symbol.asyncDispose]()
    await machine.startNode({ build: { build: 'other' } })
    expect(await readdir(machine.folder.layers)).toContain(old)

    const last = await machine.startNode({ build: { build: 'other' } })
    await last.kill(request.id)
    await last[Symbol.asyncDispose]()
    await machine.startNode({ build: { build: 'other' } })
    expect(await readdir(machine.folder.layers)).not.toContain(old)
  })

  it('a create of another size boots from files', async () => {
    const node = await machine.startNode()
    await node.warm()
    machine.host.failNext('restore', new DrowseError('engine_failed', 'Cannot: told so'))
    const request = { ...createRequest(), limits: { memoryMb: 1024, cpuCount: 2 } }
    await node.create(request)
    expect(machine.host.sandboxes.get(request.id)?.spec.layers).toHaveLength(1)
  })

  it('a create falls back to a boot from files when the warm image does not restore', async () => {
    const node = await machine.startNode()
    await node.warm()
    machine.host.failNext('restore', new DrowseError('engine_failed', 'Cannot: told so'))
    const request = createRequest()
    await node.create(request)
    expect(await node.find(request.id)).toMatchObject({ status: 'running' })
  })

  it('a failed run leaves no sandbox, and the next one works', async () => {
    const node = await machine.startNode()
    machine.host.failNext('checkpoint', new DrowseError('disk_full', 'Cannot: told so'))
    await expect(node.warm()).rejects.toMatchObject({ code: 'disk_full' })
    expect([...machine.host.sandboxes]).toEqual([])
    await node.warm()
    await expect(warmLayer()).resolves.toMatch(/^warm-/)
  })

  it('a template that cannot be read does not stop the others', async () => {
    const broken = join(machine.folder.templates, 'broken')
    await mkdir(broken)
    await writeFile(join(broken, 'template.json'), 'x')
    const node = await machine.startNode()
    await node.warm()
    expect((await node.templates()).map(({ id }) => id)).toEqual(['base'])
    await node.create(createRequest())
  })

  it('is made again when its files are damaged', async () => {
    const node = await machine.startNode()
    await node.warm()
    const old = await warmLayer()
    await rm(join(machine.folder.templates, 'base', 'warm', 'image', 'memory.json'))
    await node.warm()
    expect(await warmLayer()).not.toBe(old)
    await writeFile(join(machine.folder.templates, 'base', 'warm', 'warm.json'), 'x')
    await node.warm()
    await expect(warmLayer()).resolves.toMatch(/^warm-/)
  })

  const STEPS = [
    'reserve',
    'create',
    'start',
    'answer',
    'exercise',
    'freeze',
    'checkpoint',
    'sync',
    'describe',
    'destroy',
  ]
  it.each([...STEPS, 'publish'])(
    'cut after %s, the next start removes what is left and the next run works',
    async (step) => {
      const { onStep, died } = dieAt(`warm.${step}`)
      const doomed = await machine.startNode({ onStep })
      void doomed.warm()
      await died
      const node: SandboxNode = await machine.startNode()
      expect([...machine.host.sandboxes]).toEqual([])
      await node.warm()
      await node[Symbol.asyncDispose]()
      expect(await readdir(join(machine.folder.templates, 'base'))).toEqual(['template.json', 'warm'])
      expect(await readdir(machine.folder.layers)).toEqual(['debian', await warmLayer()])
    },
  )

  async function warmLayer(): Promise<string> {
    const path = join(machine.folder.templates, 'base', 'warm', 'warm.json')
    return (JSON.parse(await readFile(path, 'utf8')) as { layer: string }).layer
  }
})
