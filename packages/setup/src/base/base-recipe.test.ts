import { describe, expect, it } from 'vitest'
import { parsePackageList } from './base-recipe.ts'

describe('parsePackageList()', () => {
  it('skips comments and blank lines', () => {
    expect(parsePackageList('# tools\ncurl\n\n  git  # needed by npm\n')).toEqual(['curl', 'git'])
  })
})
