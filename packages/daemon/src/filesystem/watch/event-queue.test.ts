import { EventType } from '@drowse/protocol'
import { expect, it } from 'vitest'
import { EventQueue } from './event-queue.ts'

const event = { name: 'a', type: EventType.CREATE, entry: undefined }
const never = new AbortController().signal

it('EventQueue gives what waits and then what ended it', async () => {
  const queue = new EventQueue()
  queue.push(event)
  await queue.ready(1_000_000, never)
  queue.fail('it is over')
  queue.push(event)
  expect(queue.take()).toEqual([event])
  await queue.ready(1_000_000, never)
  expect(() => queue.take()).toThrow('it is over')
})

it('EventQueue wakes its reader at a push, an end, an abort and after the wait', async () => {
  const queue = new EventQueue()
  const pushed = queue.ready(1_000_000, never)
  queue.push(event)
  await pushed
  queue.take()
  const abort = new AbortController()
  const aborted = queue.ready(1_000_000, abort.signal)
  abort.abort()
  await aborted
  await queue.ready(1, never)
  const failed = queue.ready(1_000_000, never)
  queue.fail('it is over')
  await failed
})

it('EventQueue ends when 10,000 events were not read', () => {
  const queue = new EventQueue()
  for (let i = 0; i < 10_001; i++) queue.push(event)
  expect(queue.take()).toHaveLength(10_000)
  expect(() => queue.take()).toThrow('not read')
})
