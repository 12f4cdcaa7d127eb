import { describe, expect, test } from 'vitest'
import {
  checkTimeout,
  extendDeadlines,
  refreshDeadlines,
  setDeadlines,
  startDeadlines,
  wakeTimeoutMs,
} from './deadlines.ts'
import type { Sandbox } from './sandbox.ts'

const PLAN = 3_600_000

function running(fields: Partial<Sandbox>): Sandbox {
  return {
    startedAtMs: 0,
    metadata: {},
    maxEndAtMs: 300_000,
    endAtMs: 300_000,
    createTimeoutMs: 300_000,
    ...fields,
  } as Sandbox // the functions read these fields only
}

describe('startDeadlines({ metadata: {} }, )', () => {
  test('counts from now and is cut at the plan', () => {
    expect(startDeadlines({ metadata: {} }, 10, 500, PLAN)).toEqual({ startedAtMs: 10, maxEndAtMs: 510, endAtMs: 510 })
    expect(startDeadlines({ metadata: {} }, 10, PLAN * 2, PLAN).endAtMs).toBe(10 + PLAN)
  })
})

describe('extendDeadlines()', () => {
  test('never ends earlier than before', () => {
    expect(extendDeadlines(running({}), 100_000, 10_000, PLAN).endAtMs).toBe(300_000)
  })

  test('is cut at the end of the plan, counted from the start of the run', () => {
    expect(extendDeadlines(running({}), PLAN - 1, PLAN, PLAN).endAtMs).toBe(PLAN)
  })
})

describe('refreshDeadlines()', () => {
  test('gives 15 s at least', () => {
    expect(refreshDeadlines(running({}), 299_000, 1_000, PLAN).endAtMs).toBe(314_000)
  })
})

describe('setDeadlines()', () => {
  test('is exact, shorter or longer', () => {
    expect(setDeadlines(running({}), 1_000, 5_000, PLAN).endAtMs).toBe(6_000)
    expect(setDeadlines(running({}), 1_000, 900_000, PLAN).endAtMs).toBe(901_000)
  })

  test('takes a negative time as 0 and cuts a long one at the plan', () => {
    expect(setDeadlines(running({}), 1_000, -5, PLAN).endAtMs).toBe(1_000)
    expect(setDeadlines(running({}), 1_000, 1e15, PLAN).endAtMs).toBe(PLAN)
  })

  test('throws when the run is as old as the plan allows', () => {
    expect(() => setDeadlines(running({}), PLAN, 1, PLAN)).toThrow('Max instance length exceeded')
  })
})

describe('wakeTimeoutMs()', () => {
  test.each([
    [120_000, 300_000],
    [420_000, 420_000],
    [PLAN * 2, PLAN],
  ])('of one created with %i ms is %i ms', (createTimeoutMs, expected) => {
    expect(wakeTimeoutMs(running({ createTimeoutMs }), PLAN)).toBe(expected)
  })
})

describe('checkTimeout()', () => {
  test.each([
    [0, 'Timeout must be greater than 0'],
    [-1, 'Timeout must be greater than 0'],
    [PLAN + 1, 'Timeout cannot be greater than 1 hours'],
  ])('refuses %i ms', (timeoutMs, message) => {
    expect(() => checkTimeout(timeoutMs, PLAN)).toThrow(message)
  })
})
