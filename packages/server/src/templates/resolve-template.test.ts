import type { NodeTemplate } from '@drowse/node'
import { describe, expect, test } from 'vitest'
import { resolveTemplate } from './resolve-template.ts'

const TEMPLATES: NodeTemplate[] = [
  { id: 'tpl1', names: ['base', 'team/Base'], limits: { memoryMb: 1, cpuCount: 1 }, diskSizeMb: 1 },
  { id: 'tpl2', names: ['other'], limits: { memoryMb: 1, cpuCount: 1 }, diskSizeMb: 1 },
]

describe('resolveTemplate()', () => {
  test.each(['tpl1', 'base', 'BASE', 'base:default', 'team/base', 'tpl1:default'])('takes %s', (reference) => {
    expect(resolveTemplate(TEMPLATES, reference).id).toBe('tpl1')
  })

  test.each([
    ['nope', 'not_found'],
    ['other/base', 'not_found'],
    ['base:v2', 'not_found'],
    ['', 'invalid_argument'],
    ['a/b/c', 'invalid_argument'],
    ['base:', 'invalid_argument'],
    ['../../etc', 'invalid_argument'],
    ['x'.repeat(300), 'invalid_argument'],
  ])('refuses "%s" as %s', (reference, code) => {
    expect(() => resolveTemplate(TEMPLATES, reference)).toThrow(expect.objectContaining({ code }))
  })
})
