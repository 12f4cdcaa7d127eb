import { describe, expect, it } from 'vitest'
import { checkFileSignature, signFileUrl } from './file-signature.ts'

const accessToken = '0tQG31xiMp0IOQfaz9dcwi72L1CPo8e0'
const input = { path: 'hello.txt', operation: 'read', user: 'user', accessToken } as const
const signature = 'v1_gUtH/s9YCJWgCizjfUxuWfhFE4QSydOWEIIvfLwDr6E'

describe('signFileUrl()', () => {
  it("gives the clients' own test vector", () => {
    expect(signFileUrl(input)).toBe(signature)
  })

  it('covers every part', () => {
    const others = [
      { ...input, path: 'hello.txt:' },
      { ...input, operation: 'write' as const },
      { ...input, user: '' },
      { ...input, accessToken: 'x' },
      { ...input, expiration: 0 },
    ]
    expect(new Set([input, ...others].map(signFileUrl)).size).toBe(6)
  })
})

describe('checkFileSignature()', () => {
  const check = (query: Record<string, string>, nowMs = 0, operation: 'read' | 'write' = 'read') =>
    checkFileSignature({ query: new URLSearchParams(query), operation, accessToken, nowMs })
  const query = { path: 'hello.txt', username: 'user', signature }

  it('takes a good one for its path, user and operation only', () => {
    expect(check(query)).toBe('valid')
    expect(check({ ...query, path: 'hello.txt2' })).toBe('invalid')
    expect(check({ path: 'hello.txt', signature })).toBe('invalid')
    expect(check(query, 0, 'write')).toBe('invalid')
    expect(check({ ...query, signature: '' })).toBe('missing')
    expect(check({})).toBe('missing')
  })

  it('ends at its expiration, which is signed too', () => {
    const signed = signFileUrl({ ...input, expiration: 100 })
    const ending = { ...query, signature: signed, signature_expiration: '100' }
    expect(check(ending, 99_999)).toBe('valid')
    expect(check(ending, 100_000)).toBe('expired')
    expect(check({ ...ending, signature_expiration: '200' }, 100_000)).toBe('invalid')
    expect(check({ ...query, signature_expiration: '100' })).toBe('invalid')
    for (const odd of ['x', '1e9', '0x10', ' 1', '1.5']) {
      expect(check({ ...query, signature_expiration: odd })).toBe('invalid')
    }
    const past = signFileUrl({ ...input, expiration: -5 })
    expect(check({ ...query, signature: past, signature_expiration: '-5' })).toBe('expired')
  })
})
