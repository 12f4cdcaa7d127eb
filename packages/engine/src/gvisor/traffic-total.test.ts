import { expect, test } from 'vitest'
import { addLink, type TrafficTotal } from './traffic-total.ts'

const counters = (index: number, sentBytes: number, receivedBytes: number) => ({ index, sentBytes, receivedBytes })

test('addLink() adds what is new of a link, once, and all of another link', () => {
  let total: TrafficTotal = { sentBytes: 0, receivedBytes: 0 }
  const steps = [
    { link: counters(7, 10, 100), expected: [10, 100] },
    { link: counters(7, 15, 150), expected: [15, 150] },
    { link: counters(7, 15, 150), expected: [15, 150] },
    { link: counters(8, 1, 2), expected: [16, 152] },
    // The machine has started again, and its numbers have too.
    { link: counters(8, 0, 1), expected: [16, 153] },
  ]
  for (const { link, expected } of steps) {
    total = addLink(total, link)
    expect([total.sentBytes, total.receivedBytes]).toEqual(expected)
  }
})
