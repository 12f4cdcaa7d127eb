import { describe, expect, it } from 'vitest'
import { modeString } from './mode-string.ts'

describe('modeString()', () => {
  it.each([
    [0o100644, '-rw-r--r--'],
    [0o100000, '----------'],
    [0o040755, 'drwxr-xr-x'],
    [0o041777, 'dtrwxrwxrwx'],
    [0o120777, 'Lrwxrwxrwx'],
    [0o104755, 'urwxr-xr-x'],
    [0o102755, 'grwxr-xr-x'],
    [0o020666, 'Dcrw-rw-rw-'],
    [0o060660, 'Drw-rw----'],
    [0o010644, 'prw-r--r--'],
    [0o140755, 'Srwxr-xr-x'],
  ])('prints %o as %s', (mode, text) => {
    expect(modeString(mode)).toBe(text)
  })
})
