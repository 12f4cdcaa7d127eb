import { isAbsolute, normalize } from 'node:path'
import { assert, pre, property, string } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolvePath } from './resolve-path.ts'

const user = { name: 'user', uid: 1000, gid: 1000, home: '/home/user', groups: [] }

describe('resolvePath()', () => {
  it.each([
    ['', '/home/user'],
    ['~', '/home/user'],
    ['~/x', '/home/user/x'],
    ['x/../y', '/home/user/y'],
    ['../other', '/home/other'],
    ['/a//b/', '/a/b'],
    ['/', '/'],
    ['a~b', '/home/user/a~b'],
  ])('means %j as %s', (path, resolved) => {
    expect(resolvePath(path, user)).toBe(resolved)
  })

  it('means an empty path as the working directory, where there is one', () => {
    expect(resolvePath('', user, '/work')).toBe('/work')
    expect(resolvePath('x', user, '/work')).toBe('/home/user/x')
  })

  it('refuses NUL bytes and the homes of others', () => {
    expect(() => resolvePath('a\0b', user)).toThrow('NUL')
    expect(() => resolvePath('~root/x', user)).toThrow('~root')
  })

  it('gives an absolute, normalised path for anything else', () => {
    assert(
      property(string(), (path) => {
        pre(!path.includes('\0') && !path.startsWith('~'))
        const resolved = resolvePath(path, user)
        expect(isAbsolute(resolved)).toBe(true)
        expect(normalize(resolved)).toBe(resolved)
      }),
    )
  })
})
