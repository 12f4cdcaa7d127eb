import { describe, expect, it } from 'vitest'
import { resultMessage } from './result-message.ts'

describe('resultMessage()', () => {
  it.each([
    ["'text'", 'text'],
    ['"it\'s"', "it's"],
    ["'", "'"],
    ["''", ''],
    ['[1]', '[1]'],
  ])('gives %s as %s', (text, expected) => {
    expect(resultMessage(true, { 'text/plain': text })['text' as never]).toBe(expected)
  })

  it('leaves out what is not there and keeps unknown formats in both places', () => {
    expect(resultMessage(false, { 'text/html': null, 'e2b/chart': { type: 'line' }, 'a/b': 1 })).toEqual({
      type: 'result',
      is_main_result: false,
      chart: { type: 'line' },
      'a/b': 1,
      extra: { 'a/b': 1 },
    })
  })
})
