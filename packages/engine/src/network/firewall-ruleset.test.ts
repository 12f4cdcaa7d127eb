import { describe, expect, test } from 'vitest'
import { firewallRuleset } from './firewall-ruleset.ts'

const options = { instance: 'x1', sandboxSubnet: '10.231.0.0/16', nameservers: [] }

describe('firewallRuleset', () => {
  test('replaces the table of its installation only', () => {
    const tables = [...firewallRuleset(options).matchAll(/table inet (\S+)/g)].map((match) => match[1])
    expect(new Set(tables)).toEqual(new Set(['drowse_x1']))
  })

  test('lets name servers through before it blocks their ranges', () => {
    const ruleset = firewallRuleset({ ...options, nameservers: ['10.0.0.2', '9.9.9.9'] })
    const dns = ruleset.indexOf('ip daddr { 10.0.0.2, 9.9.9.9 } meta l4proto { tcp, udp } th dport 53 goto counted')
    expect(dns).toBeGreaterThan(0)
    expect(dns).toBeLessThan(ruleset.indexOf('10.0.0.0/8'))
  })

  test('has no rule for name servers when there are none', () => {
    expect(firewallRuleset(options)).not.toContain('dport 53')
  })

  test.each(['evil.example', '9.9.9.9 } accept', '::1'])('refuses name server "%s"', (nameserver) => {
    expect(() => firewallRuleset({ ...options, nameservers: [nameserver] })).toThrow(/^Cannot allow name server/)
  })

  test('sets bounds only where there are some', () => {
    const limits = { connections: 7, bandwidthMbit: 8 }
    const bounded = firewallRuleset({ ...options, limits })
    expect(bounded).toContain('ct count over 7')
    expect(bounded).toContain('limit rate over 1000000 bytes/second burst 262144 bytes')
    expect(firewallRuleset(options)).not.toMatch(/ct count|limit rate/)
  })
})
