import { describe, it } from 'vitest'
import { needCodeInterpreter } from './support/code-interpreter.ts'
import { runPythonScenario } from './support/python-scenario.ts'

needCodeInterpreter()

describe.each(['e2b_code_interpreter', 'novita_sandbox.code_interpreter'])('the Python package %s', (module) => {
  it.each(['sync', 'async'])('runs code unmodified, %s', async (kind) => {
    await runPythonScenario(`interpreter_${kind}.py`, [module])
  })

  it.each(['sync', 'async'])('has contexts, counts, languages and interrupts, %s', async (kind) => {
    await runPythonScenario('interpreter_contexts.py', [module, kind])
  })
})
