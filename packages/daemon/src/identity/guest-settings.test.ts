import type { EnvdInit } from '@drowse/protocol'
import { describe, expect, it } from 'vitest'
import { GuestSettings } from './guest-settings.ts'

const init: EnvdInit = {
  timestamp: '2026-11-24T00:00:00Z',
  envVars: {},
  hostname: 'ibox',
  nameservers: ['10.0.0.1'],
  identity: 'kept',
}

describe('GuestSettings.knowsIdentity()', () => {
  it('is false before the first init', () => {
    expect(new GuestSettings('/bin').knowsIdentity(init)).toBe(false)
  })

  it.each<[string, Partial<EnvdInit>, boolean]>([
    ['the same again', {}, true],
    ['another environment', { envVars: { A: '1' } }, true],
    ['another host name', { hostname: 'iother' }, false],
    ['other name servers', { nameservers: ['10.0.0.2'] }, false],
    ['a fresh identity', { identity: 'fresh' }, false],
  ])('after an init, for %s', (_, change, isKnown) => {
    const settings = new GuestSettings('/bin')
    settings.apply(init)
    expect(settings.knowsIdentity({ ...init, ...change })).toBe(isKnown)
  })
})
