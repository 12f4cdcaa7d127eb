import { ENVD_PORT, newSandboxId, signFileUrl } from '@drowse/protocol'
import { describe, expect, it } from 'vitest'
import { readCredentials, refuseWake } from './credentials.ts'

const access = { accessToken: 'secret', trafficAccessToken: 'other' }
const target = { id: newSandboxId(), port: ENVD_PORT }
const NOW_MS = 1_700_000_000_000

interface Asked {
  method?: string
  url?: string
  headers?: Record<string, string>
  port?: number
}

/** Whether such a request may wake the sandbox. */
function mayWake({ method = 'GET', url = '/files', headers = {}, port = ENVD_PORT }: Asked): boolean {
  const credentials = readCredentials({ method, url, headers })
  return refuseWake(access, credentials, { ...target, port }, NOW_MS) === undefined
}

function signed(path: string, operation: 'read' | 'write', expiration?: number): string {
  const input = { path, operation, user: '', accessToken: access.accessToken }
  const signature = signFileUrl(expiration === undefined ? input : { ...input, expiration })
  const query = new URLSearchParams({ path, signature })
  if (expiration !== undefined) query.set('signature_expiration', String(expiration))
  return `/files?${query.toString()}`
}

describe('refuseWake() of the daemon', () => {
  it('lets a valid signature wake, for its operation and until it ends', () => {
    expect(mayWake({ url: signed('a b?c', 'read') })).toBe(true)
    expect(mayWake({ url: signed('a', 'read'), method: 'HEAD' })).toBe(true)
    expect(mayWake({ url: signed('', 'write'), method: 'POST' })).toBe(true)
    expect(mayWake({ url: signed('a', 'read', NOW_MS / 1000 + 1) })).toBe(true)
    expect(mayWake({ url: signed('a', 'read', NOW_MS / 1000) })).toBe(false)
    expect(mayWake({ url: signed('a', 'read'), method: 'POST' })).toBe(false)
    expect(mayWake({ url: signed('a', 'write') })).toBe(false)
    expect(mayWake({ url: signed('a', 'read'), method: 'DELETE' })).toBe(false)
  })

  it('stays closed to a signature elsewhere, a wrong one and none', () => {
    expect(mayWake({ url: signed('a', 'read').replace('/files', '/envs') })).toBe(false)
    expect(mayWake({ url: signed('a', 'read').replace('path=a', 'path=b') })).toBe(false)
    expect(mayWake({ url: signed('a', 'read'), port: 3000 })).toBe(false)
    expect(mayWake({ url: '/files?path=a' })).toBe(false)
  })

  it('demands that a token beside a signature is right', () => {
    expect(mayWake({ url: signed('a', 'read'), headers: { 'x-access-token': 'wrong' } })).toBe(false)
    expect(mayWake({ url: '/files?path=a', headers: { 'x-access-token': 'secret' } })).toBe(true)
  })
})
