import { describe, expect, it } from 'vitest'
import { rewriteImports } from './rewrite-imports.ts'

describe('rewriteImports()', () => {
  it.each([
    ['import "a"', 'await __drowseImport("a", undefined, []);'],
    ["import a from 'b'", `const { "default": a } = await __drowseImport('b', undefined, ["default"]);`],
    ['import a, * as b from "c"', 'const b = await __drowseImport("c", undefined, ["default"]), { "default": a } = b;'],
    [
      'import { a, b as c, "d-e" as f } from "g"; a()',
      'const { "a": a, "b": c, "d-e": f } = await __drowseImport("g", undefined, ["a","b","d-e"]);; a()',
    ],
    [
      'import a from "b" with { type: "json" }',
      'const { "default": a } = await __drowseImport("b", { with: { type: "json" } }, ["default"]);',
    ],
    ['const a = import("b")', 'const a = __drowseImport("b")'],
    ['a.import("b"); "import c from d"', 'a.import("b"); "import c from d"'],
    ['import { from', 'import { from'],
  ])('turns %s into %s', (code, expected) => {
    expect(rewriteImports(code)).toBe(expected)
  })

  it('keeps later lines where they are', () => {
    const lines = rewriteImports('import {\n  a,\n} from "b"\n[a]').split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[3]).toBe('[a]')
  })
})
