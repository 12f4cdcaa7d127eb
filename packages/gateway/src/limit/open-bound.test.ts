import { describe, expect, it } from 'vitest'
import { openBound, openFileLimit, parseFileLimit } from './open-bound.ts'

describe('openBound()', () => {
  it.each([
    [20_000, 1_048_576, 20_000],
    [20_000, 4_096, 1_548],
    [20_000, 1_024, 384],
    [0, 1_048_576, 523_788],
    [0, undefined, Infinity],
    [50, undefined, 50],
    [50, Infinity, 50],
    [50, 1, 1],
  ])('for %d wanted and %d files is %d', (wanted, files, bound) => {
    expect(openBound(wanted, files)).toBe(bound)
  })
})

describe('openFileLimit()', () => {
  it('reads the soft limit, of this process or of a text', async () => {
    expect(await openFileLimit()).toBeGreaterThan(100)
    const text =
      'Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files\n'
    expect(parseFileLimit(text)).toBe(1_024)
    expect(parseFileLimit(text.replace('1024', 'unlimited'))).toBe(Infinity)
    expect(parseFileLimit('')).toBeUndefined()
  })
})
