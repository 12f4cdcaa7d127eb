import { expect, test } from 'vitest'
import { Semaphore } from './semaphore.ts'

test('run() lets so many go on at once, in the order they came, also after a failure', async () => {
  const semaphore = new Semaphore(2)
  const order: number[] = []
  const gates = [0, 1, 2, 3].map(() => Promise.withResolvers<void>())
  const runs = gates.map(async ({ promise }, i) => {
    await semaphore.run(async () => {
      order.push(i)
      await promise
    })
  })
  expect(order).toEqual([0, 1])
  gates[1]!.reject(new Error('no'))
  await expect(runs[1]).rejects.toThrow('no')
  expect(order).toEqual([0, 1, 2])
  for (const { resolve } of gates) resolve()
  await Promise.allSettled(runs)
  expect(order).toEqual([0, 1, 2, 3])
  expect(await semaphore.run(async () => 'free again')).toBe('free again')
})
