import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'

/** Python with the published packages, made by `drowse test`. */
const python = process.env.DROWSE_TEST_PYTHON ?? ''

describe.each(['e2b', 'novita'])('the Python package of %s', (vendor) => {
  it.each(['sync', 'async'])('goes through the lifecycle unmodified, %s', async (kind) => {
    const script = join(import.meta.dirname, 'python', `scenario_${kind}.py`)
    const clientEnv = inject('clientEnv')
    // As a user would: an empty folder, and nothing set but what `drowse env` printed.
    const elsewhere = await mkdtemp(join(tmpdir(), 'drowse-python-'))
    const variables = Object.entries(clientEnv).map(([name, value]) => `${name}=${value}`)
    try {
      const { stdout } = await exec('env', ['-i', `PATH=${process.env.PATH}`, ...variables, python, script, vendor], {
        cwd: elsewhere,
        timeoutMs: 110_000,
      })
      expect(stdout).toContain('scenario passed')
    } finally {
      await rm(elsewhere, { recursive: true })
    }
  })
})
