import { Sandbox } from '@e2b/code-interpreter'
import { describe, expect, it } from 'vitest'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { needCodeInterpreter } from './support/code-interpreter.ts'

needCodeInterpreter()

/** What a run printed. */
const printed = (execution: Awaited<ReturnType<Sandbox['runCode']>>): string => execution.logs.stdout.join('')

describe('Java and R', () => {
  const keep = killAfterEach()

  it('Java keeps what is declared, gives the last value, tells errors, and sets properties for one run', async () => {
    const sandbox = keep(await Sandbox.create())
    const run = async (code: string, envs: Record<string, string> = {}) =>
      await sandbox.runCode(code, { language: 'java', envs })
    expect((await run('int x = 20; record P(int a) {}')).results).toEqual([])
    const value = await run('System.out.println("é");\nnew P(x + 1).a() * 2')
    expect([value.text, printed(value)]).toEqual(['42', 'é\n'])
    expect((await run('String s = null; s.length()')).error?.name).toBe('java.lang.NullPointerException')
    expect((await run('nope')).error?.name).toBe('CompilationError')
    expect((await run('for (;;) {')).error?.name).toBe('SyntaxError')
    expect((await run('System.getProperty("A")', { A: 'b' })).text).toBe('b')
    expect((await run('System.getProperty("A")')).text).toBe('null')
  })

  it('R keeps variables, shows values, figures and tables, tells errors, and sets variables for one run', async () => {
    const sandbox = keep(await Sandbox.create())
    const run = async (code: string, envs: Record<string, string> = {}) =>
      await sandbox.runCode(code, { language: 'r', envs })
    await run('x <- 20')
    const values = await run('cat("é\\n"); x; x * 2 + 2')
    expect(printed(values)).toBe('é\n')
    expect(values.results.map(({ isMainResult, text }) => [isMainResult, text])).toEqual([
      [false, '[1] 20'],
      [true, '[1] 42'],
    ])
    expect((await run('plot(1:3)')).results[0]?.png).toMatch(/^iVBOR/)
    expect((await run('data.frame(a = 1)')).results[0]?.html).toContain('<td>1</td>')
    expect((await run('f <- function() stop("no"); f()')).error?.value).toBe('Error in f(): no')
    expect((await run('1 +')).error?.value).toContain('unexpected end of input')
    expect((await run('Sys.getenv("A")', { A: 'é=1' })).text).toBe('[1] "é=1"')
    expect((await run('Sys.getenv("A")')).text).toBe('[1] ""')
  })
})
