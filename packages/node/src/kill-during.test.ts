import { readdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SandboxNode } from './sandbox-node.ts'
import { createRequest, NodeFixture } from './testing/node-fixture.ts'

const init = { accessToken: 'secret', envVars: {} }

describe('SandboxNode.kill during another operation', () => {
  let machine: NodeFixture
  let node: SandboxNode
  /** Step at which the next operation waits until `release`. */
  let holdAt: string | undefined
  let held: PromiseWithResolvers<void>
  let release: PromiseWithResolvers<void>

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { frozenMemoryMb: 0 }
    holdAt = undefined
    held = Promise.withResolvers()
    release = Promise.withResolvers()
    node = await machine.startNode({
      onStep: async (step) => {
        if (step !== holdAt) return
        held.resolve()
        await release.promise
      },
    })
  })
  afterEach(async () => {
    release.resolve()
    await node[Symbol.asyncDispose]()
    await machine[Symbol.asyncDispose]()
  })

  it.each(['reserve', 'create', 'start', 'init', 'manifest'])('create after %s', async (step) => {
    holdAt = `create.${step}`
    const request = createRequest()
    const outcome = expect(node.create(request)).rejects.toMatchObject({ code: 'not_found' })
    await held.promise
    await node.kill(request.id)
    await outcome
    await expectNothing()
  })

  it.each(['freeze', 'space', 'checkpoint', 'sync', 'describe', 'rename', 'manifest'])(
    'pause after %s',
    async (step) => {
      const request = createRequest()
      await node.create(request)
      holdAt = `pause.${step}`
      const outcome = expect(node.pause(request.id, { memory: true })).rejects.toMatchObject({ code: 'not_found' })
      await held.promise
      await node.kill(request.id)
      await outcome
      await expectNothing()
    },
  )

  it.each(['create', 'restore', 'init', 'manifest'])('resume after %s', async (step) => {
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: true })
    holdAt = `resume.${step}`
    const outcome = expect(node.resume(request.id, { init, memory: true })).rejects.toMatchObject({
      code: 'not_found',
    })
    await held.promise
    await node.kill(request.id)
    await outcome
    await expectNothing()
  })

  it.each(['booting', 'create-cold', 'start'])('cold resume after %s', async (step) => {
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: false })
    holdAt = `resume.${step}`
    const outcome = expect(node.resume(request.id, { init, memory: true })).rejects.toMatchObject({
      code: 'not_found',
    })
    await held.promise
    await node.kill(request.id)
    await outcome
    await expectNothing()
  })

  it('a create of the same id that comes meanwhile waits for the kill and is whole', async () => {
    holdAt = 'create.start'
    const request = createRequest()
    const outcome = expect(node.create(request)).rejects.toMatchObject({ code: 'not_found' })
    await held.promise
    const killing = node.kill(request.id)
    const again = node.create(request)
    await Promise.all([killing, outcome])
    holdAt = undefined
    release.resolve()
    await again
    await node[Symbol.asyncDispose]()
    expect(await node.find(request.id)).toMatchObject({ status: 'running' })
    expect([...machine.host.sandboxes.keys()]).toEqual([request.id])
    await node.kill(request.id)
  })

  /** Already at the answer of the kill for callers, and for host and disk when what was held has run out. */
  async function expectNothing(): Promise<void> {
    expect(await node.inventory()).toEqual([])
    release.resolve()
    await node[Symbol.asyncDispose]()
    expect(await node.inventory()).toEqual([])
    expect([...machine.host.sandboxes]).toEqual([])
    expect(await readdir(machine.folder.sandboxes)).toEqual([])
    expect(await readdir(machine.folder.trash)).toEqual([])
  }
})
