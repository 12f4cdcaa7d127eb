import { expect, test } from 'vitest'
import { egressPolicyOf } from './egress-policy.ts'

test.each([
  ['nothing', {}, undefined, undefined],
  ['an internet that is allowed', {}, true, undefined],
  ['only something allowed', { allowOut: ['1.1.1.1'] }, undefined, undefined],
  ['no internet', {}, false, { allow: [], deny: ['0.0.0.0/0'], domains: [] }],
  [
    'all kinds',
    { allowOut: ['1.1.1.1', 'fd00::/8', '*.pypi.org'], denyOut: ['0.0.0.0/0', '::/0'] },
    false,
    { allow: ['1.1.1.1'], deny: ['0.0.0.0/0'], domains: ['*.pypi.org'] },
  ],
  ['one network', { denyOut: ['9.9.9.0/24'] }, true, { allow: [], deny: ['9.9.9.0/24'], domains: [] }],
])('egressPolicyOf() %s', (_, network, allowInternetAccess, expected) => {
  expect(egressPolicyOf({ network, allowInternetAccess })).toEqual(expected)
})
