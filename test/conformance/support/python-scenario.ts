import { join } from 'node:path'
import { expect } from 'vitest'
import { runPython } from '../../platform/support/run-python.ts'

/** Runs a program of `python/` as a user would, and expects it to get to its end. */
export async function runPythonScenario(program: string, args: readonly string[]): Promise<void> {
  expect(await runPython(join(import.meta.dirname, '..', 'python', program), args)).toContain('scenario passed')
}
