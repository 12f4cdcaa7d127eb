import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { inject } from 'vitest'

const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/**
 * Runs the text of an ES module as a user would: in a folder of its own, with the packages as `npm install` puts them, and with nothing set
 * but what `drowse env` printed. Gives its output.
 */
export async function runNode(program: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'drowse-program-'))
  try {
    await symlink(join(REPOSITORY, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'program.mjs'), program)
    const variables = Object.entries(inject('clientEnv')).map(([name, value]) => `${name}=${value}`)
    const { stdout } = await exec('env', ['-i', ...variables, process.execPath, 'program.mjs'], { cwd: folder })
    return stdout
  } finally {
    await rm(folder, { recursive: true })
  }
}
