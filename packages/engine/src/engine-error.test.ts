import { DrowseError } from '@drowse/protocol'
import { describe, expect, test } from 'vitest'
import { engineError } from './engine-error.ts'

describe('engineError', () => {
  test.each(['write: no space left on device', 'ENOSPC: no space left', 'write: disk quota exceeded'])(
    'makes "%s" a retryable "disk_full"',
    (message) => {
      const failed = new DrowseError('engine_failed', message, { isRetryable: false })
      expect(engineError('checkpoint', 'a', failed)).toMatchObject({ code: 'disk_full', isRetryable: true })
    },
  )

  test('keeps "conflict" and "invalid_argument" as they are', () => {
    for (const code of ['conflict', 'invalid_argument'] as const) {
      const error = new DrowseError(code, 'Cannot do it')
      expect(engineError('start', 'a', error)).toBe(error)
    }
  })

  test('makes the rest "engine_failed", with the cause and its word on retries', () => {
    const cause = new DrowseError('engine_failed', 'Cannot use image "i"', { isRetryable: false })
    const error = engineError('restore', 'a', cause)
    expect(error).toMatchObject({ code: 'engine_failed', cause, isRetryable: false })
    expect(error.message).toBe('Cannot restore sandbox "a": Cannot use image "i"')
    expect(engineError('start', 'a', new DrowseError('exec_failed', 'x')).isRetryable).toBe(true)
  })
})
