import { describe, expect, it } from 'vitest'
import { parseReading } from './counter-script.ts'

describe('parseReading()', () => {
  it('reads pid and count', () => {
    expect(parseReading('12 345\n')).toEqual({ pid: 12, count: 345 })
  })

  it.each(['', '12', 'cat: no such file'])('refuses %j', (text) => {
    expect(() => parseReading(text)).toThrow('the counter answered')
  })
})
