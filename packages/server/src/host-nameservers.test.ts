import { expect, test } from 'vitest'
import { hostNameservers, parseNameservers } from './host-nameservers.ts'

test('parseNameservers() leaves out loopback, IPv6 and what is no address', () => {
  const text =
    '# nameserver 9.9.9.9\nnameserver 127.0.0.53\n nameserver 10.0.0.1\nnameserver fe80::1\nnameserver x\nsearch a\n'
  expect(parseNameservers(text)).toEqual(['10.0.0.1'])
})

test('hostNameservers() falls back to public ones', async () => {
  expect(await hostNameservers(['/nonexistent', '/dev/null'])).toEqual(['1.1.1.1', '8.8.8.8'])
})
