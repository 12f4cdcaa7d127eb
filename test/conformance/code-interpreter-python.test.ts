import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'
import { needCodeInterpreter } from './support/code-interpreter.ts'

needCodeInterpreter()

/** Python with the published packages, made by `drowse test`. */
const python = process.env.DROWSE_TEST_PYTHON ?? ''

describe.each(['e2b_code_interpreter', 'novita_sandbox.code_interpreter'])('the Python package %s', (module) => {
  it.each(['sync', 'async'])('runs code unmodified, %s', async (kind) => {
    const script = join(import.meta.dirname, 'python', `interpreter_${kind}.py`)
    const variables = Object.entries(inject('clientEnv')).map(([name, value]) => `${name}=${value}`)
    // As a user would: an empty folder, and nothing set but what `drowse env` printed.
    const elsewhere = await mkdtemp(join(tmpdir(), 'drowse-python-'))
    try {
      const { stdout } = await exec('env', ['-i', `PATH=${process.env.PATH}`, ...variables, python, script, module], {
        cwd: elsewhere,
        timeoutMs: 110_000,
      })
      expect(stdout).toContain('scenario passed')
    } finally {
      await rm(elsewhere, { recursive: true })
    }
  })
})
