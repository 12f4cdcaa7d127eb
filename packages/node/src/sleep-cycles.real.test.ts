import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NodeEvent, SandboxTier } from './node-client.ts'
import type { SandboxNode } from './sandbox-node.ts'
import { ask, createOne, INIT, LIMITS, RealMachine } from './testing/real-machine.ts'

describe('SandboxNode over gVisor, tiers and pool', () => {
  let machine: RealMachine
  let node: SandboxNode

  beforeAll(async () => {
    machine = await RealMachine.make()
    node = await machine.startNode()
    await node.warm()
  })

  afterAll(() => machine[Symbol.asyncDispose]())

  it('a counter and a file go on through ten cycles, alternately from RAM and from disk', async () => {
    const id = await createOne(node)
    const tiers: SandboxTier[] = []
    for (let cycle = 1; cycle <= 10; cycle++) {
      expect(await ask(node, id, 'POST', '/counter')).toBe(String(cycle))
      await ask(node, id, 'POST', '/file', `cycle ${cycle}`)
      await node.pause(id, { memory: true })
      // The odd ones fall to disk by a service that keeps nothing frozen.
      if (cycle % 2 === 1) await restart({ frozenMemoryMb: 0 })
      else if (cycle % 4 === 0) await restart({})
      tiers.push((await node.resume(id, { init: INIT, memory: true })).tier)
      expect(await ask(node, id, 'GET', '/file')).toBe(`cycle ${cycle}`)
      if (cycle % 2 === 1) await restart({})
    }
    expect(tiers.join(' ')).toBe('disk frozen disk frozen disk frozen disk frozen disk frozen')
    await node.kill(id)
  })

  it('a thaw brings no burst of timers, and the right time', async () => {
    const id = await createOne(node)
    const before = await ticks(id)
    const pausedAt = performance.now()
    await node.pause(id, { memory: true })
    const asleepFrom = performance.now()
    await vi.waitUntil(() => performance.now() - asleepFrom > 1500, { timeout: 5000, interval: 100 })
    const wokenAt = performance.now()
    expect(await node.resume(id, { init: INIT, memory: true })).toEqual({ tier: 'frozen', isCold: false })
    const after = await ticks(id)
    const awakeMs = asleepFrom - pausedAt + (performance.now() - wokenAt)
    // A tick each 50 ms awake, and at most a few that were due at the freeze; 1.5 s asleep would be 30.
    expect(after.ticks - before.ticks).toBeLessThan(awakeMs / 50 + 10)
    expect(Math.abs(after.nowMs - Date.now())).toBeLessThan(1000)
    await node.kill(id)
  })

  it('a create takes a claimed sandbox from the pool', async () => {
    const claimed = await vi.waitFor(
      async () => {
        const id = await node.claim('base', LIMITS)
        expect(id).toBeDefined()
        return id
      },
      { timeout: 30_000, interval: 200 },
    )
    const id = await createOne(node, claimed)
    expect(JSON.parse(await ask(node, id, 'GET', '/init'))).toMatchObject({ hostname: id, identity: 'fresh' })
    expect(await ask(node, id, 'POST', '/counter')).toBe('1')
    await node.pause(id, { memory: true })
    expect(await node.resume(id, { init: INIT, memory: true })).toEqual({ tier: 'frozen', isCold: false })
    expect(await ask(node, id, 'POST', '/counter')).toBe('2')
    await node.kill(id)
  })

  it('a sandbox whose processes are ended from outside is paused with its files, and listeners are told', async () => {
    const id = await createOne(node)
    await ask(node, id, 'POST', '/file', 'kept')
    const events: NodeEvent[] = []
    const stop = node.onEvent((event) => events.push(event))
    await machine.endProcesses(id)
    await vi.waitFor(() => expect(events).toMatchObject([{ id, kind: 'died' }]), { timeout: 20_000 })
    stop()
    expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: false, tier: 'files' })
    expect(await node.resume(id, { init: INIT, memory: true })).toMatchObject({ isCold: true })
    expect(await ask(node, id, 'GET', '/file')).toBe('kept')
    await node.kill(id)
  })

  async function restart(settings: Parameters<RealMachine['startNode']>[0]): Promise<void> {
    await node[Symbol.asyncDispose]()
    node = await machine.startNode(settings)
    await node.settled()
  }

  async function ticks(id: Parameters<typeof ask>[1]): Promise<{ ticks: number; nowMs: number }> {
    return JSON.parse(await ask(node, id, 'GET', '/ticks')) as { ticks: number; nowMs: number }
  }
})
