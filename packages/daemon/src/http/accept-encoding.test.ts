import { describe, expect, it } from 'vitest'
import { acceptedEncoding } from './accept-encoding.ts'

describe('acceptedEncoding()', () => {
  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['GZIP;q=0.5', 'gzip'],
    ['gzip, deflate, br', 'identity'],
    ['identity', 'identity'],
    ['gzip, identity;q=0', 'gzip'],
    ['br', 'identity'],
    ['identity;q=0', undefined],
    ['*;q=0', undefined],
    ['*', 'identity'],
  ])('answers %j with %j', (header, encoding) => {
    expect(acceptedEncoding(header)).toBe(encoding)
  })
})
