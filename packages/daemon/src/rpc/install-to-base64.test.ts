import { expect, it } from 'vitest'
import { installToBase64 } from './install-to-base64.ts'

it.each([
  [{}, '+/8='],
  [{ omitPadding: true }, '+/8'],
  [{ alphabet: 'base64url' }, '-_8='],
  [{ alphabet: 'base64url', omitPadding: true }, '-_8'],
])('installToBase64() gives the standard method, with %j', (options, text) => {
  installToBase64()
  const bytes = Uint8Array.of(0, 0xfb, 0xff, 0).subarray(1, 3) as Uint8Array & { toBase64(options: object): string }
  expect(bytes.toBase64(options)).toBe(text)
})
