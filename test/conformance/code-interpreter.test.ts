import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { OutputMessage, Result } from '@e2b/code-interpreter'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { INTERPRETER_CLIENTS, needCodeInterpreter } from './support/code-interpreter.ts'

needCodeInterpreter()

describe.each(INTERPRETER_CLIENTS)('runCode() of $name', ({ Sandbox }) => {
  const keep = killAfterEach()

  it('answers at once after create(), with the value of the last expression, and keeps variables', async () => {
    const sandbox = keep(await Sandbox.create())
    const first = await sandbox.runCode('x = 40\nx + 2')
    expect(first).toMatchObject({ text: '42', error: undefined, executionCount: 1 })
    expect((await sandbox.runCode('x += 1; x')).text).toBe('41')
    expect((await sandbox.getInfo()).templateId).toBe('code-interpreter-v1')
  })

  it('calls back for output, results and errors as they come', async () => {
    const sandbox = keep(await Sandbox.create())
    const heard = { out: '', err: '' }
    const results: Result[] = []
    const names: string[] = []
    const code = [
      'import sys',
      'from IPython.display import display, HTML',
      'print("out")',
      'print("err", file=sys.stderr)',
      'display(HTML("<b>shown</b>"))',
      '1/0',
    ].join('\n')
    const execution = await sandbox.runCode(code, {
      onStdout: ({ line, error }: OutputMessage) => void (heard[error ? 'err' : 'out'] += line),
      onStderr: ({ line, error }: OutputMessage) => void (heard[error ? 'err' : 'out'] += line),
      onResult: (result) => void results.push(result),
      onError: ({ name }) => void names.push(name),
    })
    expect(heard).toEqual({ out: 'out\n', err: 'err\n' })
    expect(results.map(({ html, isMainResult }) => [html, isMainResult])).toEqual([['<b>shown</b>', false]])
    expect(names).toEqual(['ZeroDivisionError'])
    expect(execution.error).toMatchObject({ name: 'ZeroDivisionError', value: 'division by zero' })
    expect(stripVTControlCharacters(execution.error?.traceback ?? '')).toContain('----> 6 1/0')
    expect(execution.logs.stdout.join('')).toBe('out\n')
    expect(execution.logs.stderr.join('')).toBe('err\n')
    expect((await sandbox.runCode('"still there"')).text).toBe('still there')
  })

  it('keeps contexts apart, and lists, restarts and removes them', async () => {
    const sandbox = keep(await Sandbox.create())
    const context = await sandbox.createCodeContext({ cwd: '/tmp', language: 'python' })
    expect(context).toMatchObject({ language: 'python', cwd: '/tmp' })
    await sandbox.runCode('y = 1')
    await sandbox.runCode('y = 2; import os', { context })
    expect((await sandbox.runCode('y')).text).toBe('1')
    expect((await sandbox.runCode('(y, os.getcwd())', { context })).text).toBe("(2, '/tmp')")
    expect((await sandbox.listCodeContexts()).map(({ id }) => id)).toContain(context.id)
    await sandbox.restartCodeContext(context)
    expect((await sandbox.runCode('y', { context })).error?.name).toBe('NameError')
    await sandbox.removeCodeContext(context)
    await expect(sandbox.runCode('1', { context })).rejects.toThrow(/not found/)
  })

  it.each([
    ['python', 'import json; json.dumps([1])', '[1]'],
    ['javascript', 'const a = await Promise.resolve([1, 2]); a.length', '2'],
    ['typescript', 'const b: number = 3; b * 2', '6'],
    ['bash', 'echo "$((6 * 7))"', undefined],
    ['r', 'x <- c(1, 2, 3); mean(x)', undefined],
    ['java', 'int c = 6 * 7; System.out.println(c);', undefined],
  ])('runs %s', async (language, code, text) => {
    const sandbox = keep(await Sandbox.create())
    const execution = await sandbox.runCode(code, { language })
    expect(execution.error).toBeUndefined()
    const output = execution.logs.stdout.join('')
    if (text === undefined) expect(`${execution.text ?? ''}${output}`).toMatch(/42|\b2\b/)
    else expect(execution.text).toBe(text)
  })

  it('sets variables of one run, and has the packages that are documented', async () => {
    const sandbox = keep(await Sandbox.create({ envs: { FROM_SANDBOX: 'a' } }))
    const envs = 'import os; (os.environ.get("FROM_SANDBOX"), os.environ.get("ONCE"))'
    expect((await sandbox.runCode(envs, { envs: { ONCE: 'b' } })).text).toBe("('a', 'b')")
    expect((await sandbox.runCode(envs)).text).toBe("('a', None)")
    const names = ['numpy', 'pandas', 'matplotlib', 'scipy', 'sklearn', 'requests', 'PIL', 'bs4', 'openpyxl', 'sympy']
    const imports = await sandbox.runCode(`import ${names.join(', ')}\n"all"`, { timeoutMs: 100_000 })
    expect(imports).toMatchObject({ text: 'all', error: undefined })
  })

  it('gives up after timeoutMs, which interrupts the cell and leaves the context usable', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.runCode('kept = "kept"')
    await expect(sandbox.runCode('import time\nwhile True: time.sleep(0.1)', { timeoutMs: 1_000 })).rejects.toThrow()
    expect((await sandbox.runCode('kept', { timeoutMs: 30_000 })).text).toBe('kept')
  })
})
