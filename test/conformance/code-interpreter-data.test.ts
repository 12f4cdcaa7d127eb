import { describe, expect, it } from 'vitest'
import { Sandbox, type Execution } from '@e2b/code-interpreter'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { needCodeInterpreter } from './support/code-interpreter.ts'

needCodeInterpreter()

describe('results of runCode()', () => {
  const keep = killAfterEach()

  async function run(code: string): Promise<Execution> {
    const sandbox = keep(await Sandbox.create())
    return await sandbox.runCode(code, { timeoutMs: 100_000 })
  }

  it('a DataFrame comes as text, html and data', async () => {
    const { results } = await run('import pandas as pd\npd.DataFrame({"name": ["a", "b"], "n": [1, 2]})')
    expect(results).toHaveLength(1)
    expect(results[0]).toMatchObject({
      isMainResult: true,
      html: expect.stringContaining('<table') as unknown,
      data: { name: ['a', 'b'], n: [1, 2] },
    })
  })

  it('a list comes as json', async () => {
    expect((await run('[1, {"a": None}]')).results[0]?.json).toEqual([1, { a: null }])
  })

  it.each([
    ['line', 'ax.plot([1, 2, 3], [4, 5, 6], label="one")', { type: 'line', elements: [{ label: 'one' }] }],
    ['scatter', 'ax.scatter([1, 2], [3, 4])', { type: 'scatter' }],
    ['bar', 'ax.bar(["a", "b"], [1, 2])', { type: 'bar', elements: [{ label: 'a', value: 1 }, { value: 2 }] }],
    ['pie', 'ax.pie([1, 3], labels=["a", "b"])', { type: 'pie', elements: [{ label: 'a' }, { label: 'b' }] }],
    ['box_and_whisker', 'ax.boxplot([[1, 2, 3, 4]], patch_artist=True)', { type: 'box_and_whisker' }],
    ['unknown', 'ax.imshow([[1, 2], [3, 4]])', { type: 'unknown' }],
  ])('a %s chart comes as png and as its numbers', async (_, draw, chart) => {
    const { results, error } = await run(
      `import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.set_title("T")\n${draw}\nplt.show()`,
    )
    expect(error).toBeUndefined()
    expect(results[0]?.png?.startsWith('iVBOR')).toBe(true)
    expect(results[0]?.chart).toMatchObject({ title: 'T', ...chart })
  })

  it('two axes make a superchart', async () => {
    const { results } = await run(
      'import matplotlib.pyplot as plt\nfig, (a, b) = plt.subplots(1, 2)\na.plot([1, 2])\nb.bar(["x"], [1])\nplt.show()',
    )
    expect(results[0]?.chart).toMatchObject({ type: 'superchart', elements: [{ type: 'line' }, { type: 'bar' }] })
  })

  it.each([
    'HTML("<i>x</i>")',
    'Markdown("*x*")',
    'SVG("<svg xmlns=\'http://www.w3.org/2000/svg\'/>")',
    'Latex("$x$")',
  ])('display of %s comes in its format', async (shown) => {
    const kind = shown.split('(')[0] ?? ''
    const { results } = await run(`from IPython.display import ${kind}\n${shown}`)
    expect(results[0]?.formats()).toContain(kind.toLowerCase())
  })
})
