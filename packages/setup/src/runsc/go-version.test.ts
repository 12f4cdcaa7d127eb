import { describe, expect, it } from 'vitest'
import { compareVersions, parseGoVersion } from './go-version.ts'

describe('compareVersions()', () => {
  it('compares by number, part by part', () => {
    expect(compareVersions('1.26.10', '1.26.3')).toBeGreaterThan(0)
    expect(compareVersions('1.9', '1.26.3')).toBeLessThan(0)
    expect(compareVersions('1.26', '1.26.0')).toBe(0)
  })
})

describe('parseGoVersion()', () => {
  it.each([
    ['go1.26.8\n', '1.26.8'],
    ['go1.27 X:some', '1.27'],
    ['go1.26.3-custom', '1.26.3'],
    ['go1.27rc1', undefined],
    ['devel go1.27-abc', undefined],
  ])('reads %j', (text, version) => {
    expect(parseGoVersion(text)).toBe(version)
  })
})
