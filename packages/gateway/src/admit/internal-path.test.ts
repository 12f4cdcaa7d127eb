import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isInternalPath } from './internal-path.ts'

describe('isInternalPath()', () => {
  it.each([
    '/init',
    '/init/',
    '/init?x=1',
    '/init#x',
    '//init',
    '/./init',
    '/x/../init',
    '/../init',
    '/%69nit',
    '/%2569nit',
    '/%2Finit',
    '/%2e/init',
    '/x/%2e%2e/init',
    '/\\init',
    '/INIT',
    '/init;a=b',
    '/init%3Fx',
    '/init%20',
    '/init/now',
    '/tunnel?port=80',
    '/freeze',
    '/unfreeze',
    '/collapse',
    '/fsfreeze',
    '/fsthaw',
    '/upgrade',
    'init',
  ])('recognises %s', (url) => {
    expect(isInternalPath(url)).toBe(true)
  })

  it.each([
    '/',
    '',
    '/health',
    '/files?path=/init',
    '/initial',
    '/files/init',
    '/process.Process/Start',
    '/init/../health',
    '/%',
    '*',
  ])('lets %s pass', (url) => {
    expect(isInternalPath(url)).toBe(false)
  })

  it('sees through any mix of encodings', () => {
    const letters = '/init'.split('').map((letter) => {
      const hex = letter.charCodeAt(0).toString(16)
      return fc.constantFrom(letter, `%${hex}`, `%25${hex}`, `%2525${hex.toUpperCase()}`)
    })
    fc.assert(
      fc.property(fc.tuple(...letters), (parts) => {
        expect(isInternalPath(`/${parts.join('')}`)).toBe(true)
      }),
    )
  })

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (url) => void isInternalPath(url)))
  })
})
