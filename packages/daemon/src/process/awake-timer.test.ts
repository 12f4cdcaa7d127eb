import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startAwakeTimer } from './awake-timer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('startAwakeTimer()', () => {
  it('fires once after the delay', () => {
    const onFire = vi.fn()
    startAwakeTimer(2_500, onFire)
    vi.advanceTimersByTime(2_499)
    expect(onFire).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10_000)
    expect(onFire).toHaveBeenCalledTimes(1)
  })

  it('never fires once cancelled', () => {
    const onFire = vi.fn()
    const cancel = startAwakeTimer(2_500, onFire)
    vi.advanceTimersByTime(1_500)
    cancel()
    vi.advanceTimersByTime(10_000)
    expect(onFire).not.toHaveBeenCalled()
  })
})
