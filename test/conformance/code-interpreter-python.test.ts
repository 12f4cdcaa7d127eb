import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runPython } from '../platform/support/run-python.ts'
import { needCodeInterpreter } from './support/code-interpreter.ts'

needCodeInterpreter()

describe.each(['e2b_code_interpreter', 'novita_sandbox.code_interpreter'])('the Python package %s', (module) => {
  it.each(['sync', 'async'])('runs code unmodified, %s', async (kind) => {
    const program = join(import.meta.dirname, 'python', `interpreter_${kind}.py`)
    expect(await runPython(program, [module])).toContain('scenario passed')
  })
})
