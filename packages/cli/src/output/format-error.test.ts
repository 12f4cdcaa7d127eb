import { DrowseError } from '@drowse/protocol'
import { setupError } from '@drowse/setup'
import { describe, expect, it } from 'vitest'
import { formatError } from './format-error.ts'

const plain = { style: (_: unknown, text: string): string => text }

describe('formatError()', () => {
  it('gives sentence, details and hint of a setup failure', () => {
    const error = setupError('Cannot build runsc: the disk is full', { hint: 'Free 3 GB.', detail: 'one\ntwo\n' })
    expect(formatError(error, plain)).toBe(
      'error: Cannot build runsc: the disk is full\n  one\n  two\nhint: Free 3 GB.',
    )
  })

  it("falls back on the code's own hint", () => {
    expect(formatError(new DrowseError('disk_full', 'Cannot pause'), plain)).toContain('hint: Free disk space')
  })

  it('shows where an unforeseen error came from', () => {
    expect(formatError(new TypeError('x is not a function'), plain)).toMatch(/^error: x is not a function\n\s+at /)
  })
})
