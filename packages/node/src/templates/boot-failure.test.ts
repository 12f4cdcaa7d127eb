import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRequest, NodeFixture } from '../testing/node-fixture.ts'

describe('a template that does not boot', () => {
  let machine: NodeFixture

  beforeEach(async () => {
    machine = await NodeFixture.make()
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('is found out at once, with exit status and last words, and told of until it boots', async () => {
    const node = await machine.startNode()
    machine.host.bootReport = { exitStatus: 42, output: 'first\nno such library\n' }
    await expect(node.warm()).rejects.toMatchObject({
      code: 'engine_failed',
      isRetryable: false,
      message: expect.stringMatching(/"base": .*exit status 42; its last words were: no such library/),
    })
    expect(await node.templates()).toMatchObject([{ id: 'base', trouble: expect.stringContaining('42') }])
    expect([...machine.host.sandboxes]).toEqual([])
    machine.host.bootReport = undefined
    await node.warm()
    expect((await node.templates())[0]).not.toHaveProperty('trouble')
  })

  it('keeps nothing against a template whose second boot goes well', async () => {
    const node = await machine.startNode()
    machine.host.failNext('start', new DrowseError('engine_failed', 'Cannot: told so'))
    await expect(node.warm()).rejects.toThrow('told so')
    expect((await node.templates())[0]).not.toHaveProperty('trouble')
  })

  it('is not refused for a failure of the engine, which may be the host’s', async () => {
    const node = await machine.startNode()
    machine.host.failNext('start', new DrowseError('engine_failed', 'Cannot: told so'))
    machine.host.failNext('watchBoot', new DrowseError('engine_failed', 'Cannot: told so again'))
    await expect(node.warm()).rejects.toThrow(/cannot be booted: Cannot: told so again/)
    expect((await node.templates())[0]).not.toHaveProperty('trouble')
  })

  it('has no trouble once it is another', async () => {
    const node = await machine.startNode()
    machine.host.bootReport = { exitStatus: 1, output: '' }
    await expect(node.warm()).rejects.toThrow('it printed nothing')
    const path = join(machine.folder.templates, 'base', 'template.json')
    const template = JSON.parse(await readFile(path, 'utf8')) as object
    await writeFile(path, JSON.stringify({ ...template, layers: ['other'] }))
    expect((await node.templates())[0]).not.toHaveProperty('trouble')
  })

  it('fails a create at once when its processes end', async () => {
    const node = await machine.startNode()
    machine.host.bootReport = { exitStatus: 1, output: '' }
    const request = createRequest()
    await expect(node.create(request)).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('ended right after the boot'),
    })
    expect(await node.find(request.id)).toBeUndefined()
  })
})
