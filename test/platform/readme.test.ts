import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'

const REPOSITORY = join(import.meta.dirname, '..', '..')

describe("the README's first program", () => {
  it.each(['e2b', 'novita-sandbox'])('runs as it stands in a folder of its own, with %s', async (client) => {
    const readme = await readFile(join(REPOSITORY, 'README.md'), 'utf8')
    const program = /```js\n(.*?)```/s.exec(readme)?.[1]?.replace("from 'e2b'", `from '${client}'`) ?? ''
    const folder = await mkdtemp(join(tmpdir(), 'drowse-readme-'))
    try {
      // The packages as `npm install` puts them.
      await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
      await writeFile(join(folder, 'sleepy.mjs'), program)
      const variables = Object.entries(inject('clientEnv')).map(([name, value]) => `${name}=${value}`)
      const { stdout } = await exec('env', ['-i', ...variables, process.execPath, 'sleepy.mjs'], { cwd: folder })
      expect(stdout).toContain('remember me')
      expect(stdout).toMatch(/https:\/\/3000-i[a-z0-9]{20}\./)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
