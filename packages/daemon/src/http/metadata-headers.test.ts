import { describe, expect, it } from 'vitest'
import { metadataOf } from './metadata-headers.ts'

describe('metadataOf()', () => {
  it('takes keys in lower case and the first of two values', () => {
    const headers = [
      'X-Metadata-Author',
      'ann',
      'Content-Type',
      'x',
      'x-metadata-AUTHOR',
      'bob',
      'X-Metadata-',
      'no key',
    ]
    expect(metadataOf(headers)).toEqual({ author: 'ann' })
    expect(metadataOf(['X-Metadata-__proto__', '1'])).toEqual(Object.fromEntries([['__proto__', '1']]))
  })

  it('refuses what is too long or not printable', () => {
    const of = (key: string, value: string) => () => metadataOf([`X-Metadata-${key}`, value])
    expect(of('k'.repeat(246), 'v'.repeat(4_096 - 246))).not.toThrow()
    expect(of('k'.repeat(246), 'v'.repeat(4_096 - 245))).toThrow('4096 bytes')
    expect(of('k'.repeat(247), '')).toThrow('246 bytes')
    expect(of('k', 'grün')).toThrow('printable')
    expect(of('k', 'a\tb')).toThrow('printable')
  })
})
