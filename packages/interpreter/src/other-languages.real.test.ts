import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestInterpreter, type Answer } from './testing/test-interpreter.ts'

const has = (program: string): boolean => spawnSync('which', [program]).status === 0
/** These kernels start in seconds, not in a tenth of one. */
const TIMEOUT_MS = 60_000

let interpreter: TestInterpreter
const run = (language: string, code: string, env: Record<string, string> = {}): Promise<Answer> =>
  interpreter.run({ code, language, env_vars: env })

beforeAll(async () => {
  interpreter = await TestInterpreter.start()
}, TIMEOUT_MS)
afterAll(() => interpreter[Symbol.asyncDispose]())

/** Interrupts a cell once it has printed, and runs another. */
async function afterInterrupt(language: string, busy: string, next: string): Promise<Answer> {
  const leave = new AbortController()
  const response = await interpreter.post({ code: busy, language }, leave.signal)
  const reader = response.body!.getReader()
  for (let text = ''; !text.includes('begun');) text += new TextDecoder().decode((await reader.read()).value)
  leave.abort()
  return run(language, next)
}

describe.skipIf(!has('java'))('Java contexts', () => {
  it(
    'keep what is declared, give the last value and tell errors',
    async () => {
      expect((await run('java', 'int x = 20; record P(int a) {}')).results).toEqual([])
      const { results, stdout } = await run('java', 'System.out.println("é");\nnew P(x + 1).a() * 2')
      expect([results[0]?.['text'], stdout]).toEqual(['42', 'é\n'])
      expect((await run('java', 'String s = null; s.length()')).error?.name).toBe('java.lang.NullPointerException')
      expect((await run('java', 'nope')).error).toMatchObject({ name: 'CompilationError' })
      expect((await run('java', 'for (;;) {')).error).toMatchObject({ name: 'SyntaxError' })
    },
    TIMEOUT_MS,
  )

  it(
    'set properties for one execution',
    async () => {
      expect((await run('java', 'System.getProperty("A")', { A: 'b' })).results[0]?.['text']).toBe('b')
      expect((await run('java', 'System.getProperty("A")')).results[0]?.['text']).toBe('null')
    },
    TIMEOUT_MS,
  )

  it(
    'are interrupted',
    async () => {
      await run('java', 'int kept = 7;')
      const busy = 'System.out.println("begun"); while (true) { Thread.sleep(1000); }'
      expect((await afterInterrupt('java', busy, 'kept')).results[0]?.['text']).toBe('7')
    },
    TIMEOUT_MS,
  )
})

describe.skipIf(!has('Rscript'))('R contexts', () => {
  it(
    'keep variables, show values and figures and tell errors',
    async () => {
      await run('r', 'x <- 20')
      const { results, stdout } = await run('r', 'cat("é\\n"); x; x * 2 + 2')
      expect(stdout).toBe('é\n')
      expect(results).toMatchObject([
        { is_main_result: false, text: '[1] 20' },
        { is_main_result: true, text: '[1] 42' },
      ])
      expect((await run('r', 'plot(1:3)')).results[0]).toMatchObject({ is_main_result: false, png: expect.any(String) })
      expect((await run('r', 'data.frame(a = 1)')).results[0]?.['html']).toContain('<td>1</td>')
      expect((await run('r', 'f <- function() stop("no"); f()')).error).toMatchObject({ value: 'Error in f(): no' })
      expect((await run('r', '1 +')).error?.value).toContain('unexpected end of input')
    },
    TIMEOUT_MS,
  )

  it(
    "set an execution's variables and put the old ones back",
    async () => {
      expect((await run('r', 'Sys.getenv("A")', { A: 'é=1' })).results[0]?.['text']).toBe('[1] "é=1"')
      expect((await run('r', 'Sys.getenv("A")')).results[0]?.['text']).toBe('[1] ""')
    },
    TIMEOUT_MS,
  )

  it(
    'are interrupted',
    async () => {
      await run('r', 'kept <- 7')
      expect((await afterInterrupt('r', 'cat("begun\\n"); repeat {}', 'kept')).results[0]?.['text']).toBe('[1] 7')
    },
    TIMEOUT_MS,
  )
})
