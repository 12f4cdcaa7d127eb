import { readdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sandboxFolder } from './sandbox-folder.ts'
import type { SandboxNode } from './sandbox-node.ts'
import { ask, createOne, INIT, RealMachine } from './testing/real-machine.ts'

/** Without a frozen tier every wake comes from disk; without a pool every create is a restore. */
const DISK_ONLY = { frozenMemoryMb: 0, poolSize: 0 }

describe('SandboxNode over gVisor', () => {
  let machine: RealMachine
  let node: SandboxNode

  beforeAll(async () => {
    machine = await RealMachine.make()
    node = await machine.startNode(DISK_ONLY)
    await node.warm()
  })

  afterAll(() => machine[Symbol.asyncDispose]())

  it('creates from the warm image, pauses, and wakes with memory and files', async () => {
    const id = await createOne(node)
    expect(await ask(node, id, 'POST', '/counter')).toBe('1')
    await ask(node, id, 'POST', '/file', 'kept')
    await node.pause(id, { memory: true })
    expect(await node.resume(id, { init: INIT, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await ask(node, id, 'POST', '/counter')).toBe('2')
    expect(await ask(node, id, 'GET', '/file')).toBe('kept')
    expect(JSON.parse(await ask(node, id, 'GET', '/init'))).toMatchObject({ hostname: id, identity: 'kept' })
    // A second cycle: the image that was loaded in the background must be whole in the one that follows it.
    await node.pause(id, { memory: true })
    expect(await node.resume(id, { init: INIT, memory: true })).toEqual({ tier: 'disk', isCold: false })
    expect(await ask(node, id, 'POST', '/counter')).toBe('3')
    await node.kill(id)
  })

  it('boots cold from its files when the image is damaged, and after a pause without memory', async () => {
    const id = await createOne(node)
    await ask(node, id, 'POST', '/counter')
    await ask(node, id, 'POST', '/file', 'kept')
    await node.pause(id, { memory: true })
    const { image } = sandboxFolder(machine.folder, id)
    for (const name of await readdir(image)) if (name.endsWith('.img')) await truncate(join(image, name), 100)
    expect(await node.resume(id, { init: INIT, memory: true })).toMatchObject({ isCold: true })
    expect(await ask(node, id, 'POST', '/counter')).toBe('1')
    expect(await ask(node, id, 'GET', '/file')).toBe('kept')
    await ask(node, id, 'POST', '/file', 'changed')
    await node.pause(id, { memory: false })
    expect(await node.resume(id, { init: INIT, memory: true })).toMatchObject({ isCold: true })
    expect(await ask(node, id, 'GET', '/file')).toBe('changed')
    await node.kill(id)
  })

  it('is adopted by the next node', async () => {
    const id = await createOne(node)
    await ask(node, id, 'POST', '/counter')
    await node[Symbol.asyncDispose]()
    node = await machine.startNode(DISK_ONLY)
    expect(await node.find(id)).toMatchObject({ status: 'running' })
    expect(await ask(node, id, 'POST', '/counter')).toBe('2')
    await node.kill(id)
  })

  it('leaves nothing after a kill of a running and of a paused sandbox', async () => {
    const [running, paused] = [await createOne(node), await createOne(node)]
    await node.pause(paused, { memory: true })
    await Promise.all([node.kill(running), node.kill(paused)])
    await node[Symbol.asyncDispose]()
    expect(await machine.engine.list()).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect(await readdir(machine.folder.trash)).toEqual([])
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(machine.folder.root)
  })
})
