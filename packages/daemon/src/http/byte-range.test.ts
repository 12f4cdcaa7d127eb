import { describe, expect, it } from 'vitest'
import { parseRange } from './byte-range.ts'

describe('parseRange()', () => {
  it.each([
    ['bytes=0-3', { start: 0, end: 3 }],
    ['bytes=5-', { start: 5, end: 9 }],
    ['bytes=-4', { start: 6, end: 9 }],
    ['bytes=-40', { start: 0, end: 9 }],
    ['bytes=2-400', { start: 2, end: 9 }],
  ])('reads %s', (header, range) => {
    expect(parseRange(header, 10)).toEqual(range)
  })

  it.each(['bytes=10-', 'bytes=-0'])('cannot satisfy %s', (header) => {
    expect(parseRange(header, 10)).toBe('unsatisfiable')
  })

  it.each([undefined, '', 'bytes=-', 'bytes=3-1', 'bytes=0-1,3-4', 'lines=0-1', 'bytes=a-b'])(
    'ignores %s',
    (header) => {
      expect(parseRange(header, 10)).toBeUndefined()
    },
  )
})
