import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runPython } from './support/run-python.ts'

const program = (name: string): string => join(import.meta.dirname, 'python', name)

describe.each(['e2b', 'novita'])('the Python package of %s', (vendor) => {
  it.each(['sync', 'async'])('goes through the lifecycle unmodified, %s', async (kind) => {
    expect(await runPython(program(`scenario_${kind}.py`), [vendor])).toContain('scenario passed')
  })

  it.each(['sync', 'async'])('does not wake a sandbox by its own open streams, %s', async (kind) => {
    expect(await runPython(program('streams.py'), [vendor, kind])).toContain('scenario passed')
  })
})
