import { expect, it } from 'vitest'
import { egressRuleset } from './egress-ruleset.ts'

const target = { instance: 'x1', slot: 4 }
const ports = { tls: 1001, http: 1002, any: 1004, dns: 1003 }

it('egressRuleset() puts what is allowed before what is denied, and leaves networks out that another covers', () => {
  const text = egressRuleset(target, { allow: ['8.8.8.8', '8.8.8.0/24'], deny: ['0.0.0.0/0'], domains: [] }, ports)
  const rules = text.split('\n').filter((line) => line.includes('sandbox_4 ip daddr'))
  expect(rules.map((rule) => rule.replace(/.*sandbox_4 /, ''))).toEqual([
    'ip daddr { 8.8.8.0/24 } accept',
    'ip daddr { 0.0.0.0/0 } meta l4proto tcp reject with tcp reset',
    'ip daddr { 0.0.0.0/0 } reject with icmp type admin-prohibited',
  ])
  expect(text).not.toContain('redirect')
})

it('egressRuleset() redirects names only while there is a proxy', () => {
  const policy = { allow: [], deny: ['0.0.0.0/0'], domains: ['example.com'] }
  expect(egressRuleset(target, policy, ports)).toContain('tcp dport 443 redirect to :1001')
  expect(egressRuleset(target, policy, undefined)).not.toContain('redirect')
})

it.each(['1.2.3', '1.2.3.4/33', '::1', '1.2.3.4; drop', ''])('egressRuleset() refuses %j as a network', (network) => {
  expect(() => egressRuleset(target, { allow: [], deny: [network], domains: [] }, ports)).toThrow(/Cannot use/)
})
