import { newSandboxId, type SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NodeClient, NodeCreateRequest } from './node-client.ts'

/** A node under test: it has the template `base` with 512 MiB and 2 CPUs, and no sandbox. */
export interface NodeUnderTest extends AsyncDisposable {
  node: NodeClient
}

/** Declares the tests that every {@link NodeClient} passes. */
export function describeNodeClientContract(name: string, make: () => Promise<NodeUnderTest>): void {
  describe(`${name} keeps the contract of NodeClient`, () => {
    let subject: NodeUnderTest
    let node: NodeClient

    beforeEach(async () => {
      subject = await make()
      node = subject.node
    })
    afterEach(async () => {
      for (const sandbox of await node.inventory()) await node.kill(sandbox.id)
      await subject[Symbol.asyncDispose]()
    })

    const created = async (): Promise<SandboxId> => {
      const wanted = request()
      await node.create(wanted)
      return wanted.id
    }

    it('create() leaves a running sandbox that find, inventory and endpoint know', async () => {
      const id = await created()
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
      expect(await node.inventory()).toEqual([{ id, status: 'running', hasMemory: false }])
      expect((await node.endpoint(id, 8080)).port).toBeGreaterThan(0)
    })

    it('create() of a running id confirms it', async () => {
      const wanted = request()
      await node.create(wanted)
      await node.create(wanted)
      expect(await node.inventory()).toHaveLength(1)
    })

    it('create() of a paused id is a conflict and keeps what is saved', async () => {
      const wanted = request()
      await node.create(wanted)
      await node.pause(wanted.id, { memory: true })
      await expect(node.create(wanted)).rejects.toMatchObject({ code: 'conflict' })
      expect(await node.find(wanted.id)).toMatchObject({ status: 'paused', hasMemory: true })
    })

    it('create() from an unknown template is not_found and leaves nothing', async () => {
      await expect(node.create({ ...request(), templateId: 'none' })).rejects.toMatchObject({ code: 'not_found' })
      expect(await node.inventory()).toEqual([])
    })

    it('pause() with memory saves it, resume() brings it back warm', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: true })
      expect(await node.resume(id, { init: { envVars: {} }, memory: true })).toEqual({ isCold: false })
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
    })

    it('pause() without memory makes the next resume cold, with a reason', async () => {
      const id = await created()
      await node.pause(id, { memory: false })
      expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: false })
      const result = await node.resume(id, { init: { envVars: {} }, memory: true })
      expect(result).toEqual({ isCold: true, coldReason: expect.any(String) })
    })

    it('resume() without memory is cold and does not bring the saved memory back later', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      expect(await node.resume(id, { init: { envVars: {} }, memory: false })).toMatchObject({ isCold: true })
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
    })

    it('pause() and resume() repeated confirm their outcome', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      await node.pause(id, { memory: true })
      await node.resume(id, { init: { envVars: {} }, memory: true })
      expect(await node.resume(id, { init: { envVars: {} }, memory: true })).toEqual({ isCold: false })
    })

    it('calls at the same time are served one after the other', async () => {
      const id = await created()
      const pauses = [node.pause(id, { memory: true }), node.pause(id, { memory: true })]
      const resumes = [1, 2, 3].map(() => node.resume(id, { init: { envVars: {} }, memory: true }))
      await Promise.all(pauses)
      expect(await Promise.all(resumes)).toEqual([{ isCold: false }, { isCold: false }, { isCold: false }])
      expect(await node.find(id)).toMatchObject({ status: 'running' })
    })

    it('pause(), resume() and endpoint() of an unknown id are not_found', async () => {
      const id = newSandboxId()
      await expect(node.pause(id, { memory: true })).rejects.toMatchObject({ code: 'not_found' })
      await expect(node.resume(id, { init: { envVars: {} }, memory: true })).rejects.toMatchObject({
        code: 'not_found',
      })
      await expect(node.endpoint(id, 80)).rejects.toMatchObject({ code: 'not_found' })
      expect(await node.find(id)).toBeUndefined()
    })

    it('endpoint() of a paused sandbox is not_found', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      await expect(node.endpoint(id, 80)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('kill() removes a running and a paused sandbox, and is fine with unknown ids', async () => {
      const running = await created()
      const paused = await created()
      await node.pause(paused, { memory: true })
      await Promise.all([node.kill(running), node.kill(paused), node.kill(newSandboxId())])
      await node.kill(paused)
      expect(await node.inventory()).toEqual([])
      await expect(node.resume(paused, { init: { envVars: {} }, memory: true })).rejects.toMatchObject({
        code: 'not_found',
      })
    })

    it('kill() during other operations wins', async () => {
      const wanted = request()
      const creating = node.create(wanted)
      const pausing = node.pause(wanted.id, { memory: true })
      const resuming = node.resume(wanted.id, { init: { envVars: {} }, memory: true })
      const outcomes = Promise.allSettled([creating, pausing, resuming])
      await node.kill(wanted.id)
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'not_found' })
      }
      expect(await node.find(wanted.id)).toBeUndefined()
      expect(await node.inventory()).toEqual([])
    })

    it('templates() names what sandboxes are made from', async () => {
      expect(await node.templates()).toEqual([
        expect.objectContaining({ id: 'base', limits: { memoryMb: 512, cpuCount: 2 } }),
      ])
    })
  })
}

function request(): NodeCreateRequest {
  return {
    id: newSandboxId(),
    templateId: 'base',
    limits: { memoryMb: 512, cpuCount: 2 },
    init: { accessToken: 'secret', envVars: { A: '1' } },
  }
}
