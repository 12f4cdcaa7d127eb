import { DrowseError, newSandboxId } from '@drowse/protocol'
import { describe, expect, it } from 'vitest'
import { describeNodeClientContract } from '../node-client.contract.ts'
import type { NodeCreateRequest } from '../node-client.ts'
import { FakeNode } from './fake-node.ts'

describeNodeClientContract('FakeNode', async () => ({ node: new FakeNode(), async [Symbol.asyncDispose]() {} }))

describe('FakeNode', () => {
  it('failNext() fails one call, without effect', async () => {
    const node = new FakeNode()
    const wanted = request()
    node.failNext('create', new DrowseError('engine_failed', 'Cannot start'))
    await expect(node.create(wanted)).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await node.find(wanted.id)).toBeUndefined()
    await node.create(wanted)
    expect(node.calls.create).toBe(2)
  })

  it('blockNext() holds one call until released', async () => {
    const node = new FakeNode()
    const wanted = request()
    await node.create(wanted)
    const blocked = node.blockNext('pause')
    const pausing = node.pause(wanted.id, { memory: true })
    await blocked.entered
    expect(await node.find(wanted.id)).toMatchObject({ status: 'running' })
    blocked.release()
    await pausing
    expect(await node.find(wanted.id)).toMatchObject({ status: 'paused' })
  })

  it('kill() of a held create wins, and the release brings nothing back', async () => {
    const node = new FakeNode()
    const wanted = request()
    const blocked = node.blockNext('create')
    const creating = expect(node.create(wanted)).rejects.toMatchObject({ code: 'not_found' })
    await blocked.entered
    await node.kill(wanted.id)
    await creating
    blocked.release()
    expect(await node.inventory()).toEqual([])
  })

  it('loseProcesses() leaves a sandbox paused without memory', async () => {
    const node = new FakeNode()
    const wanted = request()
    await node.create(wanted)
    node.loseProcesses(wanted.id)
    expect(await node.find(wanted.id)).toEqual({ id: wanted.id, status: 'paused', hasMemory: false })
  })

  it('spoilMemory() makes the next resume cold', async () => {
    const node = new FakeNode()
    const wanted = request()
    await node.create(wanted)
    await node.pause(wanted.id, { memory: true })
    node.spoilMemory(wanted.id, 'the image is damaged')
    expect(await node.resume(wanted.id, { init: wanted.init, memory: true })).toEqual({
      isCold: true,
      coldReason: 'the image is damaged',
    })
    expect(node.lastInit(wanted.id)).toEqual(wanted.init)
  })
})

function request(): NodeCreateRequest {
  return {
    id: newSandboxId(),
    templateId: 'base',
    limits: { memoryMb: 512, cpuCount: 2 },
    init: { envVars: {} },
  }
}
