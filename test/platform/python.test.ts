import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'

/** Python with the published packages, made by `drowse test`. */
const python = process.env.DROWSE_TEST_PYTHON ?? ''

describe.each(['e2b', 'novita'])('the Python package of %s', (vendor) => {
  it.each(['sync', 'async'])('goes through the lifecycle unmodified, %s', async (kind) => {
    expect(await run(`scenario_${kind}.py`, vendor)).toContain('scenario passed')
  })

  it.each(['sync', 'async'])('does not wake a sandbox by its own open streams, %s', async (kind) => {
    expect(await run('streams.py', vendor, kind)).toContain('scenario passed')
  })
})

/** Runs a program as a user would: in an empty folder, and with nothing set but what `drowse env` printed. Gives its output. */
async function run(program: string, ...args: string[]): Promise<string> {
  const script = join(import.meta.dirname, 'python', program)
  const elsewhere = await mkdtemp(join(tmpdir(), 'drowse-python-'))
  const variables = Object.entries(inject('clientEnv')).map(([name, value]) => `${name}=${value}`)
  try {
    const { stdout } = await exec(
      'env',
      ['-i', `PATH=${process.env.PATH}`, ...variables, python, '-B', script, ...args],
      {
        cwd: elsewhere,
        timeoutMs: 110_000,
      },
    )
    return stdout
  } finally {
    await rm(elsewhere, { recursive: true })
  }
}
