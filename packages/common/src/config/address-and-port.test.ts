import { describe, expect, it } from 'vitest'
import { isAddressAndPort } from './address-and-port.ts'

describe('isAddressAndPort()', () => {
  it.each(['10.0.0.5:1080', '10.0.0.0/24:1', '0.0.0.0/0:65535'])('takes %s', (text) => {
    expect(isAddressAndPort(text)).toBe(true)
  })

  it.each([
    '',
    '10.0.0.5',
    '10.0.0.0/24',
    '10.0.0.5:0',
    '10.0.0.5:65536',
    '10.0.0.5:080',
    '10.0.0.256:1',
    '10.0.0.0/33:1',
    '10.0.0/8:1',
    'proxy.test:1080',
    '[::1]:1080',
    ':1080',
    '10.0.0.5:1080:1',
  ])('refuses "%s"', (text) => {
    expect(isAddressAndPort(text)).toBe(false)
  })
})
