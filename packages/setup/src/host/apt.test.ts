import { describe, expect, it } from 'vitest'
import { notInstalled } from './apt.ts'

describe('notInstalled()', () => {
  it('counts removed packages with left-over settings as missing', () => {
    const listing = 'curl installed\nnftables config-files\ntini installed\n'
    expect(notInstalled(['tini', 'nftables', 'mmdebstrap'], listing)).toEqual(['nftables', 'mmdebstrap'])
  })
})
