import { newSandboxId } from '@drowse/protocol'
import { expect, it } from 'vitest'
import type { NodeEvent } from './node-client.ts'
import { NodeEvents } from './node-events.ts'

const event = (reason: string): NodeEvent => ({ id: newSandboxId(), kind: 'died', reason })

it('listen() is told of what happened before anybody listened, once', () => {
  const events = new NodeEvents()
  const [early, late] = [event('early'), event('late')]
  events.emit(early)
  const first: NodeEvent[] = []
  const second: NodeEvent[] = []
  const stop = events.listen((heard) => first.push(heard))
  events.listen((heard) => second.push(heard))
  events.emit(late)
  stop()
  events.emit(event('later'))
  expect(first).toEqual([early, late])
  expect(second).toHaveLength(2)
  expect(second[0]).toEqual(late)
})
