import { describe, expect, it } from 'vitest'
import { FakeClock } from './fake-clock.ts'

describe('FakeClock', () => {
  it('fires timers in order of their due time, each at its own time', async () => {
    const clock = new FakeClock(0)
    const fired: string[] = []
    clock.setTimer(20, () => fired.push(`b@${clock.nowMs()}`))
    clock.setTimer(10, () => {
      fired.push(`a@${clock.nowMs()}`)
      clock.setTimer(5, () => fired.push(`c@${clock.nowMs()}`))
    })
    await clock.advance(30)
    expect(fired).toEqual(['a@10', 'c@15', 'b@20'])
    expect(clock.nowMs()).toBe(30)
  })

  it('drops cancelled timers', async () => {
    const clock = new FakeClock(0)
    let fired = 0
    clock.setTimer(10, () => fired++).cancel()
    await clock.advance(20)
    expect(fired).toBe(0)
  })
})
