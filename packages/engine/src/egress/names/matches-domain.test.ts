import { expect, it } from 'vitest'
import { matchesDomain } from './matches-domain.ts'

it.each([
  ['example.com', ['example.com'], true],
  ['EXAMPLE.com.', ['example.COM'], true],
  ['www.example.com', ['example.com'], false],
  ['www.example.com', ['*.example.com'], true],
  ['a.b.example.com', ['*.example.com'], true],
  ['example.com', ['*.example.com'], false],
  ['badexample.com', ['*.example.com'], false],
  ['anything', ['*'], true],
  ['', ['*'], false],
  ['example.com', [], false],
])('matchesDomain(%j, %j) is %s', (name, patterns, expected) => {
  expect(matchesDomain(name, patterns)).toBe(expected)
})
