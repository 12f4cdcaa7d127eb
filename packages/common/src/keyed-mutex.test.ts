import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { KeyedMutex } from './keyed-mutex.ts'

describe('KeyedMutex', () => {
  it('runs work of one key one at a time and in order of arrival', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b'), { maxLength: 30 }),
        fc.scheduler(),
        async (keys, scheduler) => {
          const mutex = new KeyedMutex()
          const active = new Map<string, number>()
          const order = new Map<string, number[]>([
            ['a', []],
            ['b', []],
          ])
          const runs = keys.map((key, index) =>
            mutex.run(key, async () => {
              active.set(key, (active.get(key) ?? 0) + 1)
              expect(active.get(key)).toBe(1)
              await scheduler.schedule(Promise.resolve())
              order.get(key)!.push(index)
              active.set(key, 0)
            }),
          )
          await scheduler.waitFor(Promise.all(runs))
          for (const indexes of order.values()) expect(indexes).toEqual(indexes.toSorted((x, y) => x - y))
          expect(mutex.isBusy('a') || mutex.isBusy('b')).toBe(false)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('goes on after work that failed', async () => {
    const mutex = new KeyedMutex()
    const failing = mutex.run('a', () => Promise.reject(new Error('first')))
    const next = mutex.run('a', () => Promise.resolve(2))
    await expect(failing).rejects.toThrow('first')
    await expect(next).resolves.toBe(2)
  })
})
