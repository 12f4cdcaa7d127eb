import { expect, test } from 'vitest'
import { hostAndPort, isAddressBlock, isDomainPattern, isHostAndPort } from './network-address.ts'

const cases = (check: (text: string) => boolean, good: string[], bad: string[]): void => {
  expect(good.filter((text) => !check(text))).toEqual([])
  expect(bad.filter(check)).toEqual([])
}

test('isAddressBlock() takes addresses and blocks of both families', () => {
  cases(
    isAddressBlock,
    ['1.2.3.4', '0.0.0.0/0', '10.0.0.0/8', '::/0', 'fd00::1', 'fd00::/8'],
    ['', '1.2.3', '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/8/8', '1.2.3.4/-1', '::/129', 'example.com', '1.2.3.4 '],
  )
})

test('isDomainPattern() takes names and one leading wildcard, and no address', () => {
  cases(
    isDomainPattern,
    [
      'example.com',
      '*.example.com',
      'API.Example.com',
      '_x.example.com',
      'localhost',
      '*.com',
      'xn--bcher-kva.example',
    ],
    [
      '',
      '*',
      '*.',
      'a..b',
      '.a',
      'a.',
      '*.*.a',
      'a.*.b',
      '1.2.3.4',
      'http://a',
      'a/b',
      'a b',
      'ü.de',
      `${'a.'.repeat(130)}a`,
    ],
  )
})

test('isHostAndPort() takes a name or an address with a port', () => {
  cases(
    isHostAndPort,
    ['proxy.example.com:1080', '1.2.3.4:1', '[::1]:65535'],
    ['proxy', 'proxy:', 'proxy:0', 'proxy:65536', '::1:80', '[1.2.3.4]:80', '*.a:80', 'a:b:80', 'user@a:80'],
  )
})

test.each([
  ['proxy.example.com:1080', 'proxy.example.com', 1080],
  ['[::1]:9', '::1', 9],
])('hostAndPort(%j)', (text, host, port) => {
  expect(hostAndPort(text)).toEqual({ host, port })
})
