import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'

/** Python with the published packages, made by `drowse test`. */
const python = process.env.DROWSE_TEST_PYTHON ?? ''

describe.each(['e2b', 'novita'])('files through the Python package of %s', (vendor) => {
  it.each(['sync', 'async'])('are as documented, %s', async (kind) => {
    const script = join(import.meta.dirname, 'python', `files_${kind}.py`)
    const variables = Object.entries(inject('clientEnv')).map(([name, value]) => `${name}=${value}`)
    const elsewhere = await mkdtemp(join(tmpdir(), 'drowse-python-'))
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
