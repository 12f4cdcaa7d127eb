import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRequest, NodeFixture } from '../testing/node-fixture.ts'
import { hostFacts } from './host-facts.ts'

const MIB = 1024 ** 2
const init = { envVars: {} }

describe('SandboxNode admits sandboxes', () => {
  let machine: NodeFixture

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { poolSize: 0 }
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('up to memoryOvercommit times the host’s memory; create and resume above it are rate_limited', async () => {
    machine.facts = { memoryBytes: 1024 * MIB, cpuCount: 64, availableBytes: () => 1024 * MIB }
    machine.settings = { memoryOvercommit: 1 }
    const node = await machine.startNode()
    const [first, second, third] = [createRequest(), createRequest(), createRequest()]
    await node.create(first)
    await node.create(second)
    await expect(node.create(third)).rejects.toMatchObject({
      code: 'rate_limited',
      isRetryable: true,
      message: `Cannot create sandbox "${third.id}": with it 3 running sandboxes could use 1536 MiB together, this host allows 1024 MiB (memoryOvercommit 1)`,
    })
    expect(await node.find(third.id)).toBeUndefined()
    await node.pause(first.id, { memory: true })
    await node.create(third)
    await expect(node.resume(first.id, { init, memory: true })).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await node.find(first.id)).toMatchObject({ status: 'paused', hasMemory: true })
    await node.kill(second.id)
    expect(await node.resume(first.id, { init, memory: true })).toMatchObject({ isCold: false })
  })

  it('up to cpuOvercommit times its CPUs', async () => {
    machine.facts = { ...machine.facts, cpuCount: 1 }
    machine.settings = { cpuOvercommit: 2 }
    const node = await machine.startNode()
    await node.create(createRequest())
    await expect(node.create(createRequest())).rejects.toMatchObject({
      code: 'rate_limited',
      message: expect.stringMatching(/would have 4 CPUs together, this host allows 2 \(cpuOvercommit 2\)$/),
    })
  })

  it('of two at once for one place exactly one', async () => {
    machine.facts = { ...machine.facts, cpuCount: 1 }
    machine.settings = { cpuOvercommit: 2 }
    const node = await machine.startNode()
    const outcomes = await Promise.allSettled([node.create(createRequest()), node.create(createRequest())])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('while the host has memory above its reserve; frozen ones give theirs up first', async () => {
    let available = 4096 * MIB
    machine.facts = { memoryBytes: 8192 * MIB, cpuCount: 8, availableBytes: () => available }
    const node = await machine.startNode()
    const frozen = createRequest()
    await node.create(frozen)
    await node.pause(frozen.id, { memory: true })
    available = 420 * MIB
    const wanted = createRequest()
    await expect(node.create(wanted)).rejects.toMatchObject({
      code: 'unavailable',
      message: `Cannot create sandbox "${wanted.id}": it needs about 64 MiB of memory at once, 420 MiB are free on the host and 410 MiB of them are kept`,
    })
    expect(await node.find(frozen.id)).toMatchObject({ tier: 'disk' })
    await expect(node.resume(frozen.id, { init, memory: true })).rejects.toMatchObject({ code: 'unavailable' })
    available = 4096 * MIB
    expect(await node.resume(frozen.id, { init, memory: true })).toEqual({ tier: 'disk', isCold: false })
  })

  it('a frozen one wakes without new memory, and stays frozen when refused', async () => {
    let available = 4096 * MIB
    machine.facts = { memoryBytes: 8192 * MIB, cpuCount: 1, availableBytes: () => available }
    machine.settings = { cpuOvercommit: 2 }
    const node = await machine.startNode()
    const [frozen, other] = [createRequest(), createRequest()]
    await node.create(frozen)
    await node.pause(frozen.id, { memory: true })
    await node.create(other)
    await expect(node.resume(frozen.id, { init, memory: true })).rejects.toMatchObject({ code: 'rate_limited' })
    expect(await node.find(frozen.id)).toMatchObject({ tier: 'frozen' })
    await node.kill(other.id)
    available = 412 * MIB
    expect(await node.resume(frozen.id, { init, memory: true })).toEqual({ tier: 'frozen', isCold: false })
  })
})

describe('hostFacts()', () => {
  it('has numbers of this machine', () => {
    const facts = hostFacts()
    expect(facts.availableBytes()).toBeGreaterThan(0)
    expect(facts.availableBytes()).toBeLessThanOrEqual(facts.memoryBytes)
    expect(facts.cpuCount).toBeGreaterThan(0)
  })
})
