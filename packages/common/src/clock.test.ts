import { describe, expect, it, vi } from 'vitest'
import { systemClock } from './clock.ts'

describe('systemClock', () => {
  it('keeps delays above 2^31-1 ms by splitting them', () => {
    vi.useFakeTimers()
    try {
      const fired = vi.fn<() => void>()
      const delayMs = 2 ** 31 + 5_000
      systemClock.setTimer(delayMs, fired)
      vi.advanceTimersByTime(delayMs - 1)
      expect(fired).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(fired).toHaveBeenCalledOnce()
    } finally {
      vi.useRealTimers()
    }
  })

  it('fires nothing after a cancel', () => {
    vi.useFakeTimers()
    try {
      const fired = vi.fn<() => void>()
      const timer = systemClock.setTimer(2 ** 31 + 5_000, fired)
      vi.advanceTimersByTime(2 ** 31)
      timer.cancel()
      vi.advanceTimersByTime(2 ** 31)
      expect(fired).not.toHaveBeenCalled()
    } finally {
      vi.useRealTimers()
    }
  })
})
