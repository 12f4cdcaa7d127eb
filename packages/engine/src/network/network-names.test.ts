import { describe, expect, test } from 'vitest'
import { ANY_INSTANCE_LINK_PATTERN, networkNames } from './network-names.ts'
import { slotCount } from './slot-address.ts'

describe('networkNames', () => {
  test('keeps a link of the last slot of the largest subnet within 15 characters', () => {
    expect(networkNames('abcdef').link(slotCount('10.0.0.0/12') - 1).length).toBeLessThanOrEqual(15)
  })

  test('gives links that match its own pattern and that of all installations', () => {
    const names = networkNames('a1')
    expect(names.link(7).startsWith(names.linkPattern.slice(0, -1))).toBe(true)
    expect(names.link(7).startsWith(ANY_INSTANCE_LINK_PATTERN.slice(0, -1))).toBe(true)
  })

  test.each(['', 'sevenab', 'UP', 'a-b', 'a"; drop'])('refuses instance "%s"', (instance) => {
    expect(() => networkNames(instance)).toThrow(/^Cannot use instance name/)
  })
})
