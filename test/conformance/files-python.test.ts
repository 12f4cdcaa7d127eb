import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runPython } from '../platform/support/run-python.ts'

describe.each(['e2b', 'novita'])('files through the Python package of %s', (vendor) => {
  it.each(['sync', 'async'])('are as documented, %s', async (kind) => {
    const program = join(import.meta.dirname, 'python', `files_${kind}.py`)
    expect(await runPython(program, [vendor])).toContain('scenario passed')
  })
})
