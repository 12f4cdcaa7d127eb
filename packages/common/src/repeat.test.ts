import { expect, it } from 'vitest'
import { FakeClock } from './fake-clock.ts'
import { repeat } from './repeat.ts'

it('repeat() begins again only when the last one has ended, and waits for that at its end', async () => {
  const clock = new FakeClock()
  let begun = 0
  let ended = 0
  let gate = Promise.withResolvers<void>()
  let isEnding = false
  const repeated = repeat(clock, 1_000, async (ending) => {
    begun++
    await gate.promise
    ended++
    isEnding = ending.aborted
  })
  await clock.advance(999)
  expect(begun).toBe(0)
  await clock.advance(5_000)
  expect([begun, ended]).toEqual([1, 0])
  gate.resolve()
  gate = Promise.withResolvers()
  await clock.advance(0)
  expect([begun, ended]).toEqual([1, 1])
  await clock.advance(1_000)
  expect(begun).toBe(2)
  const over = repeated[Symbol.asyncDispose]()
  gate.resolve()
  await over
  expect([ended, isEnding]).toEqual([2, true])
  await clock.advance(10_000)
  expect(begun).toBe(2)
})
