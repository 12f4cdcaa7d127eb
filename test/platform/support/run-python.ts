import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { inject } from 'vitest'

/** Python with the published packages, made by `drowse test`. */
const python = process.env.DROWSE_TEST_PYTHON ?? ''

/** Runs a program as a user would: in an empty folder, and with nothing set but what `drowse env` printed, changed by `settings`. Gives its output. */
export async function runPython(
  program: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
): Promise<string> {
  const elsewhere = await mkdtemp(join(tmpdir(), 'drowse-python-'))
  const variables = Object.entries({ ...inject('clientEnv'), ...settings }).map(([name, value]) => `${name}=${value}`)
  const environment = ['-i', `PATH=${process.env.PATH}`, ...variables]
  try {
    const { stdout } = await exec('env', [...environment, python, '-B', program, ...args], {
      cwd: elsewhere,
      timeoutMs: 110_000,
    })
    return stdout
  } finally {
    await rm(elsewhere, { recursive: true })
  }
}
