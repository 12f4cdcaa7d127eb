import { describe, expect, it } from 'vitest'
import { formatLogLine } from './log-line.ts'

describe('formatLogLine()', () => {
  it('shows time, level, sentence and the fields that matter', () => {
    const line =
      '{"level":30,"time":1790000000000,"pid":7,"hostname":"h","name":"drowse","id":"abc","ms":12,"msg":"paused"}'
    expect(formatLogLine(line)).toBe('2026-09-21T14:13:20.000Z info  paused id=abc ms=12')
  })

  it('puts the stack of an error under the line', () => {
    expect(
      formatLogLine('{"level":50,"time":0,"msg":"no","err":{"message":"m","stack":"Error: m\\n  at x"}}'),
    ).toContain('no \nError: m\n  at x')
  })

  it.each(['plain text', '42', '{"torn":'])('leaves %j alone', (line) => {
    expect(formatLogLine(line)).toBe(line)
  })
})
