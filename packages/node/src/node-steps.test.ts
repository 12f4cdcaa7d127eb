import { DrowseError } from '@drowse/protocol'
import { expect, it } from 'vitest'
import { NODE_STEPS, type NodeStep } from './node-steps.ts'
import { createRequest, NodeFixture } from './testing/node-fixture.ts'

it('NODE_STEPS names every step that operations go through, and no other', async () => {
  await using machine = await NodeFixture.make()
  machine.settings = { poolSize: 1, frozenMinutes: 1 }
  const seen = new Set<NodeStep>()
  const node = await machine.startNode({ onStep: (step) => void seen.add(step) })
  const init = { envVars: {} }
  const ordinary = createRequest()
  await node.create(ordinary)
  await machine.fillPool(node)
  const pooled = { ...createRequest(), id: (await node.claim('base', ordinary.limits))! }
  await node.create(pooled)
  const restored = createRequest()
  machine.host.failNext('restore', new DrowseError('engine_failed', 'Cannot: told so'))
  await node.create(restored)
  await node.create(createRequest())

  await node.pause(pooled.id, { memory: true })
  await node.resume(pooled.id, { init, memory: true })
  await node.pause(pooled.id, { memory: true })
  await machine.clock.advance(70_000)
  await node.settled()
  await machine.clock.advance(1_000)
  await node.settled()
  machine.host.failNext('restore', new DrowseError('engine_failed', 'Cannot: told so'))
  await node.resume(pooled.id, { init, memory: true })
  await node.pause(pooled.id, { memory: true })
  await machine.clock.advance(70_000)
  await node.settled()
  await node.resume(pooled.id, { init, memory: true })
  await node.pause(pooled.id, { memory: false })
  await node.resume(pooled.id, { init, memory: true })
  await node.kill(pooled.id)
  await node[Symbol.asyncDispose]()
  expect([...seen].toSorted()).toEqual([...NODE_STEPS].toSorted())
})
