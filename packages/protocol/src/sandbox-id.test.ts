import { describe, expect, it } from 'vitest'
import { isSandboxId, newSandboxId } from './sandbox-id.ts'

describe('newSandboxId()', () => {
  it('gives distinct ids that isSandboxId() accepts', () => {
    const ids = Array.from({ length: 200 }, newSandboxId)
    expect(new Set(ids).size).toBe(200)
    expect(ids.every(isSandboxId)).toBe(true)
  })
})

describe('isSandboxId()', () => {
  it.each([
    '',
    'i',
    'iABCDEFGHIJKLMNOPQRST',
    'x12345678901234567890',
    'i12345678901234567890a',
    'i1234567890123456789\n',
  ])('refuses %j', (text) => {
    expect(isSandboxId(text)).toBe(false)
  })
})
