import { expect, it } from 'vitest'
import { headersFor, withHeaders } from './header-rules.ts'

const rule = (domain: string): { domain: string; headers: Record<string, string> } => ({
  domain,
  headers: { Rule: domain },
})
const policy = {
  allow: [],
  deny: [],
  domains: [],
  headers: [rule('*.com'), rule('*.example.com'), rule('api.example.com'), rule('*')],
}

it.each([
  ['api.example.com', 'api.example.com'],
  ['API.Example.COM.', 'api.example.com'],
  ['v1.api.example.com', '*.example.com'],
  ['example.com', '*.com'],
  ['example.org', undefined],
  ['com', undefined],
])('headersFor() gives %s the rule of %s', (name, expected) => {
  expect(headersFor(policy, name)?.['Rule']).toBe(expected)
})

it('withHeaders() replaces every header of a name whatever its case, and keeps the others as they are', () => {
  const raw = ['Host', 'a', 'AUTHORIZATION', 'guess', 'X-A', '1', 'authorization', 'again', 'x-a', '2']
  expect(withHeaders(raw, { Authorization: 'Bearer x' })).toEqual([
    'Host',
    'a',
    'X-A',
    '1',
    'x-a',
    '2',
    'Authorization',
    'Bearer x',
  ])
})
