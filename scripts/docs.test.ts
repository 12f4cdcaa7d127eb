import { readFileSync, existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CONFIG_VARIABLES } from '@drowse/common'
import { ERROR_CODES } from '@drowse/protocol'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

describe('docs/errors.md', () => {
  it('lists each error code with its status and hint, and no other', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `(\w+)` \| (\d+) \| (yes|no) \| (.*) \|$/gm)]
    const documented = rows.map(([, code, status, retry, hint]) => ({
      code,
      status: Number(status),
      isRetryable: retry === 'yes',
      hint,
    }))
    expect(documented).toEqual(Object.entries(ERROR_CODES).map(([code, info]) => ({ code, ...info })))
  })
})

describe('docs/settings.md', () => {
  it('lists each setting with its variable, and no other', () => {
    const rows = [...read('docs/settings.md').matchAll(/^\| `(\w+)` \| `(DROWSE_\w+)`/gm)]
    const documented = rows.map(([, field, variable]) => [variable, field])
    expect(documented).toEqual(Object.entries(CONFIG_VARIABLES).map(([variable, { field }]) => [variable, field]))
  })
})

describe('docs/security.md', () => {
  const rows = read('docs/security.md')
    .split('\n')
    .filter((line) => /^\| (?!tries |---)/.test(line))

  it('names for each attack tests that exist', () => {
    expect(rows.length).toBeGreaterThan(30)
    const untested = rows.filter((row) => {
      const tests = [...(row.split(' | ').at(-1) ?? '').matchAll(/`([^`]+\.test\.ts)`/g)].map((match) => match[1] ?? '')
      return tests.length === 0 || !tests.every((test) => existsSync(join(root, test)))
    })
    expect(untested).toEqual([])
  })

  it('names every suite that plays an attacker', () => {
    const suites = globSync('test/security/*.test.ts', { cwd: root })
    expect(suites.filter((suite) => !read('docs/security.md').includes(`\`${suite}\``))).toEqual([])
  })
})

describe('documents', () => {
  const documents = globSync('{*.md,docs/**/*.md,packages/*/README.md}', { cwd: root })

  it.each(documents)('%s links only to files that exist', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)(#[^)]*)?\)/g)].map((match) => match[1] ?? '')
    const missing = links.filter((link) => !existsSync(join(root, dirname(document), link)))
    expect(missing).toEqual([])
  })

  it('name every package in AGENTS.md and docs/architecture.md', () => {
    const packages = globSync('packages/*', { cwd: root }).map((path) => path.replace('packages/', ''))
    const absent = packages.filter(
      (name) =>
        !read('AGENTS.md').includes(`packages/${name}`) || !read('docs/architecture.md').includes(`| ${name} |`),
    )
    expect(absent).toEqual([])
  })
})
