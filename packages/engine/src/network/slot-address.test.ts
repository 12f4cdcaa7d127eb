import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { slotAddress, slotCount } from './slot-address.ts'

describe('slotAddress', () => {
  test('gives the first two addresses of the slot-th /30', () => {
    expect(slotAddress('10.231.0.0/16', 0)).toEqual({ host: '10.231.0.1', guest: '10.231.0.2', prefixLength: 30 })
    expect(slotAddress('10.231.0.0/16', 65).guest).toBe('10.231.1.6')
    expect(slotAddress('10.231.0.0/16', 16_383).guest).toBe('10.231.255.254')
  })

  test('starts at the network when the subnet names an address inside it', () => {
    expect(slotAddress('10.231.7.9/16', 0).host).toBe('10.231.0.1')
  })

  test('never gives two slots one address, nor an address outside the subnet', () => {
    const slot = fc.integer({ min: 0, max: slotCount('172.20.0.0/14') - 1 })
    fc.assert(
      fc.property(slot, slot, (a, b) => {
        const guest = slotAddress('172.20.0.0/14', a).guest
        expect(guest).toMatch(/^172\.2[0-3]\./)
        expect(guest === slotAddress('172.20.0.0/14', b).guest).toBe(a === b)
      }),
    )
  })

  test.each(['10.0.0.0', '10.0.0.0/31', '10.0.0.0/7', '10.0.0.256/16', 'fd00::/64', ''])(
    'refuses subnet "%s"',
    (subnet) => {
      expect(() => slotAddress(subnet, 0)).toThrow(/^Cannot use subnet/)
    },
  )

  test.each([-1, 1.5, 64])('refuses slot %d of a /24', (slot) => {
    expect(() => slotAddress('10.0.0.0/24', slot)).toThrow(/has slots 0 to 63/)
  })
})
