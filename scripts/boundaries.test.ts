import { describe, expect, it } from 'vitest'
import { importsOf, violationsOf } from './boundaries.ts'

describe('importsOf()', () => {
  it('finds static, side-effect, re-exported and dynamic imports', () => {
    const source = [
      "import { a } from '@drowse/common'",
      "import type { b } from './b.ts'",
      "import 'reflect-metadata'",
      "export { c } from '../c.ts'",
      "const d = await import('node:fs')",
      'import {\n  e,\n  f,\n} from "@drowse/engine"',
    ].join('\n')
    expect(importsOf(source)).toEqual([
      '@drowse/common',
      './b.ts',
      'reflect-metadata',
      '../c.ts',
      'node:fs',
      '@drowse/engine',
    ])
  })
})

describe('violationsOf()', () => {
  it('allows what the table allows', () => {
    expect(violationsOf('packages/node/src/a.ts', "import { x } from '@drowse/engine'")).toEqual([])
    expect(violationsOf('packages/node/src/deep/a.ts', "import { x } from '../b.ts'")).toEqual([])
  })

  it.each([
    ['an upward import', 'packages/engine/src/a.ts', '@drowse/node'],
    ['a reach behind an index', 'packages/node/src/a.ts', '@drowse/engine/src/fake.ts'],
    ['a relative path out of the package', 'packages/node/src/a.ts', '../../engine/src/engine.ts'],
  ])('refuses %s', (_, file, specifier) => {
    expect(violationsOf(file, `import { x } from '${specifier}'`)).toHaveLength(1)
  })
})
