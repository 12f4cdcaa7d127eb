import { DrowseError, newSandboxId } from '@drowse/protocol'
import { describe, expect, it } from 'vitest'
import { describeNodeClientContract } from '../node-client.contract.ts'
import type { NodeCreateRequest, NodeEvent } from '../node-client.ts'
import { FakeNode } from './fake-node.ts'

describeNodeClientContract('FakeNode', async () => {
  const node = new FakeNode()
  return {
    node,
    silence: async (id) => node.setGuestSilent(id, true),
    crash: async (id) => node.emit({ id, kind: 'died', reason: 'its processes ended' }),
    fillPool: async () => void node.addClaimable(),
    async [Symbol.asyncDispose]() {},
  }
})

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
    expect(await node.find(wanted.id)).toEqual({ id: wanted.id, status: 'paused', hasMemory: false, tier: 'files' })
  })

  it('spoilMemory() makes the next resume cold', async () => {
    const node = new FakeNode()
    const wanted = request()
    await node.create(wanted)
    await node.pause(wanted.id, { memory: true })
    node.spoilMemory(wanted.id, 'the image is damaged')
    expect(await node.resume(wanted.id, { init: wanted.init, memory: true })).toEqual({
      tier: 'files',
      isCold: true,
      coldReason: 'the image is damaged',
    })
    expect(node.lastInit(wanted.id)).toEqual(wanted.init)
  })

  it('emit() of a tier moves a paused sandbox there and tells listeners', async () => {
    const node = new FakeNode()
    const wanted = request()
    const events: NodeEvent[] = []
    node.onEvent((event) => events.push(event))
    await node.create(wanted)
    await node.pause(wanted.id, { memory: true })
    node.emit({ id: wanted.id, kind: 'tier', tier: 'disk' })
    expect(await node.find(wanted.id)).toMatchObject({ tier: 'disk' })
    expect(events).toHaveLength(1)
    expect(await node.resume(wanted.id, { init: wanted.init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('maxRunning refuses creates and resumes above it', async () => {
    const node = new FakeNode()
    const [first, second] = [request(), request()]
    node.maxRunning = 1
    await node.create(first)
    await expect(node.create(second)).rejects.toMatchObject({ code: 'rate_limited' })
    await node.pause(first.id, { memory: true })
    await node.create(second)
    await expect(node.resume(first.id, { init: first.init, memory: true })).rejects.toMatchObject({
      code: 'rate_limited',
    })
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
