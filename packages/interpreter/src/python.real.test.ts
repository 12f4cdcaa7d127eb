import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { TestInterpreter, type Answer } from './testing/test-interpreter.ts'

// Kernels are real programs, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

describe('Python contexts', () => {
  let interpreter: TestInterpreter
  const run = (code: string, env?: Record<string, string>): Promise<Answer> =>
    interpreter.run({ code, ...(env === undefined ? {} : { env_vars: env }) })

  beforeAll(async () => {
    interpreter = await TestInterpreter.start()
  })
  afterAll(() => interpreter[Symbol.asyncDispose]())

  it('give the value of the last expression and keep variables', async () => {
    await run('x = 20')
    const { results, stdout, error } = await run('print("é", end="")\nx * 2 + 2')
    expect(results).toEqual([{ type: 'result', is_main_result: true, text: '42' }])
    expect(stdout).toBe('é')
    expect(error).toBeUndefined()
  })

  it('number executions, the failed ones too, and count nothing of their own', async () => {
    const first = await run('1', { A: '1' })
    const failed = await run('1/0')
    const last = await run('2')
    expect([failed.count, last.count]).toEqual([first.count! + 1, first.count! + 2])
    expect(first.messages[0]?.type).toBe('number_of_executions')
  })

  it('tell errors as IPython does', async () => {
    const { error } = await run('def f():\n    return {}["k"]\nf()')
    expect(error).toMatchObject({ name: 'KeyError', value: "'k'" })
    // IPython colours its tracebacks.
    const text = stripVTControlCharacters(error!.traceback)
    expect(text).toContain('Traceback (most recent call last)')
    expect(text).toContain('return {}["k"]')
    expect((await run('1 +')).error?.name).toBe('SyntaxError')
    expect((await run('class E(Exception):\n    def __str__(self): raise ValueError\nraise E')).error?.name).toBe('E')
  })

  it('know magics, shell commands and what programs print, in order', async () => {
    const code = ['print("a")', '!echo b', 'import os, subprocess', 'os.system("echo c")', 'print("d")'].join('\n')
    const { stdout } = await run(`${code}\nsubprocess.run(["echo", "e"])\nprint("f")`)
    expect(stdout).toBe('a\nb\nc\nd\ne\nf\n')
    expect((await run('files = !printf "1\\n2"\nfiles')).results[0]?.['text']).toBe("['1', '2']")
    expect((await run('%%bash\necho $((6*7)); echo no >&2')).stdout).toBe('42\n')
    expect((await run('!exit 3\n_exit_code')).results[0]?.['text']).toBe('3')
  })

  it('show rich results, the displayed ones as not main', async () => {
    const { results } = await run(
      'from IPython.display import *\ndisplay(HTML("<b>"), Markdown("*m*"))\nprint(1)\ndisplay({"x/y": "z"}, raw=True)\nLatex("$x$")',
    )
    expect(results).toMatchObject([
      { is_main_result: false, html: '<b>' },
      { is_main_result: false, markdown: '*m*' },
      { is_main_result: false, 'x/y': 'z', extra: { 'x/y': 'z' } },
      { is_main_result: true, latex: '$x$' },
    ])
    const all = await run(
      'class R:\n  def _repr_png_(self): return b"\\x89PNG"\n  def _repr_jpeg_(self): return b"\\xff"\n  def _repr_svg_(self): return "<svg/>"\n  def _repr_pdf_(self): return b"%PDF"\n  def _repr_javascript_(self): return "1"\n  def _repr_json_(self): return {"a": 1}\n  def __repr__(self): return "R"\nR()',
    )
    expect(all.results).toEqual([
      {
        type: 'result',
        is_main_result: true,
        text: 'R',
        png: 'iVBORw==',
        jpeg: '/w==',
        svg: '<svg/>',
        pdf: 'JVBERg==',
        javascript: '1',
        json: { a: 1 },
      },
    ])
  })

  it.each([
    ['"quoted"', 'quoted', undefined],
    ['[1, float("nan")]', '[1, nan]', [1, null]],
    ['{"a": (1,)}', "{'a': (1,)}", { a: [1] }],
    ['None', undefined, undefined],
  ])('show %s as text and JSON', async (code, text, json) => {
    const [result] = (await run(code)).results
    expect(result?.['text']).toBe(text)
    expect(result?.['json']).toEqual(json)
  })

  it('await at the top, and go on with tasks between cells', async () => {
    expect((await run('import asyncio\nawait asyncio.sleep(0)\n5')).results[0]?.['text']).toBe('5')
    await run('done = asyncio.Event()\nasync def later():\n    done.set()\ntask = asyncio.create_task(later())')
    expect((await run('await done.wait()')).results[0]?.['text']).toBe('True')
  })

  it('say that nobody answers input()', async () => {
    expect((await run('input("name?")')).error).toMatchObject({ name: 'StdinNotImplementedError' })
    expect((await run('import sys; sys.stdin.read()')).results[0]?.['text']).toBe('')
  })

  it("set an execution's variables over the sandbox's and put the old ones back", async () => {
    Object.assign(interpreter.sandboxEnv, { FROM_SANDBOX: 'sandbox', BOTH: 'sandbox' })
    const id = await interpreter.context('python')
    const read = 'import os; [os.environ.get(k) for k in ("FROM_SANDBOX", "BOTH", "CALL")]'
    const within = await interpreter.run({ code: read, context_id: id, env_vars: { BOTH: 'call', CALL: '1' } })
    expect(within.results[0]?.['json']).toEqual(['sandbox', 'call', '1'])
    expect((await interpreter.run({ code: read, context_id: id })).results[0]?.['json']).toEqual([
      'sandbox',
      'sandbox',
      null,
    ])
    // What a cell sets itself stays.
    await interpreter.run({ code: 'os.environ["CALL"] = "mine"', context_id: id, env_vars: { CALL: '1' } })
    expect((await interpreter.run({ code: read, context_id: id })).results[0]?.['json']).toEqual([
      'sandbox',
      'sandbox',
      'mine',
    ])
  })

  it('take fresh random numbers once in a copy of a sandbox, and none otherwise', async () => {
    const id = await interpreter.context('python')
    const draw = async (): Promise<unknown> =>
      (await interpreter.run({ code: 'random.random()', context_id: id })).results[0]?.['text']
    const seed = { code: 'import random; random.seed(1)', context_id: id }
    await interpreter.run(seed)
    const first = [await draw(), await draw()]
    await interpreter.run(seed)
    expect(await draw()).toBe(first[0])
    await interpreter.becomeCopy()
    expect(await draw()).not.toBe(first[1])
    await interpreter.run(seed)
    expect([await draw(), await draw()]).toEqual(first)
  })

  it('pass on bytes that are no text and characters that a pipe cuts in two', async () => {
    const { stdout } = await run(
      'import sys\nsys.stdout.buffer.write(b"\\xff|")\nsys.stdout.flush()\nfor b in "€𝄞".encode():\n    os.write(1, bytes([b]))',
    )
    expect(stdout).toBe('\ufffd|€𝄞')
  })

  it('survive a fork, and output of threads', async () => {
    const code =
      'import os, threading\npid = os.fork()\nif pid == 0:\n    print("child"); display(1); sys.stdout.flush(); os._exit(0)\nos.waitpid(pid, 0)\nt = threading.Thread(target=lambda: print("thread")); t.start(); t.join()'
    const { stdout, error } = await run(code)
    expect(error).toBeUndefined()
    expect(stdout.split('\n').toSorted()).toEqual(['', '1', 'child', 'thread'])
  })

  it('load nothing that code has not asked for', async () => {
    const { results } = await run(
      'import sys; [m for m in ("numpy", "pandas", "matplotlib", "PIL", "jedi") if m in sys.modules]',
    )
    expect(results[0]?.['json']).toEqual([])
  })
})
