import { Sandbox } from '@e2b/code-interpreter'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { needCodeInterpreter } from './support/code-interpreter.ts'
import { rawGuest, type RawGuest } from './support/raw-rpc.ts'

needCodeInterpreter()

let sandbox: Sandbox
let guest: RawGuest
beforeAll(async () => {
  sandbox = await Sandbox.create({ timeoutMs: 900_000, envs: { OF_SANDBOX: 'sandbox' } })
  guest = await rawGuest(sandbox, 49999)
})
afterAll(() => sandbox.kill())

type Line = Record<string, unknown> & { type: string }

const post = (path: string, body?: unknown, signal?: AbortSignal): Promise<Response> =>
  guest.fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  })

/** All lines of an execution. */
async function run(body: object): Promise<Line[]> {
  const answer = await post('/execute', body)
  expect(answer.status).toBe(200)
  const text = await answer.text()
  expect(text.endsWith('\n')).toBe(true)
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
}
const printed = (lines: readonly Line[]): string =>
  lines.map(({ type, text }) => (type === 'stdout' ? String(text) : '')).join('')
const textOf = (lines: readonly Line[]): unknown => lines.find(({ type }) => type === 'result')?.['text']
const countOf = (lines: readonly Line[]): unknown => lines[0]?.['execution_count']
const makeContext = async (body?: object): Promise<string> =>
  ((await (await post('/contexts', body)).json()) as { id: string }).id

describe('POST /execute', () => {
  it('says the number first, output and results as they come, and the end last', async () => {
    const code = 'import sys\nprint("out")\nprint("err", file=sys.stderr)\ndisplay("shown")\n{"a": [1, None]}'
    const lines = await run({ code, context_id: await makeContext() })
    expect(lines[0]).toEqual({ type: 'number_of_executions', execution_count: 1 })
    expect(lines.at(-1)).toEqual({ type: 'end_of_execution' })
    expect(lines).toContainEqual({ type: 'stdout', text: 'out\n', timestamp: expect.any(Number) })
    expect(lines).toContainEqual({ type: 'stderr', text: 'err\n', timestamp: expect.any(Number) })
    expect(lines.filter(({ type }) => type === 'result')).toEqual([
      { type: 'result', is_main_result: false, text: 'shown' },
      { type: 'result', is_main_result: true, text: "{'a': [1, None]}", json: { a: [1, null] } },
    ])
  })

  it('tells an error with name, value and traceback, and ends as ever', async () => {
    const lines = await run({ code: 'print("before")\nraise ValueError("no")' })
    expect(printed(lines)).toBe('before\n')
    expect(lines.at(-2)).toEqual({
      type: 'error',
      name: 'ValueError',
      value: 'no',
      traceback: expect.stringContaining('ValueError'),
    })
    expect(lines.at(-1)).toEqual({ type: 'end_of_execution' })
  })

  it('is flushed line by line while the cell runs', async () => {
    const id = await makeContext({ language: 'bash' })
    await sandbox.commands.run('mkfifo -m 666 /tmp/gate')
    const answer = await post('/execute', { code: 'echo begun; read line < /tmp/gate; echo $line', context_id: id })
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    while (!seen.includes('begun')) seen += (await reader.read()).value ?? ''
    expect(seen).not.toContain('end_of_execution')
    await sandbox.commands.run('echo opened > /tmp/gate')
    for (let part = await reader.read(); !part.done; part = await reader.read()) seen += part.value
    expect(seen).toContain('opened')
    expect(seen).toContain('end_of_execution')
  })

  it.each<[string, unknown, number, string]>([
    [
      'a context and a language',
      { code: '1', context_id: 'x', language: 'python' },
      400,
      'Only one of context_id or language',
    ],
    ['an unknown context', { code: '1', context_id: 'nope' }, 404, 'Context nope not found'],
    ['a NUL in the id', { code: '1', context_id: 'a\0b' }, 404, 'not found'],
    ['an unknown language', { code: '1', language: 'cobol' }, 400, 'cobol'],
    ['no code', {}, 422, 'code'],
    ['code that is no text', { code: ['1'] }, 422, 'code'],
    ['variables that are none', { code: '1', env_vars: [] }, 422, 'env_vars'],
    ['a variable with a NUL', { code: '1', env_vars: { 'A\0': 'x' } }, 422, 'env_vars'],
    ['a value with a NUL', { code: '1', env_vars: { A: 'x\0y' } }, 422, 'env_vars'],
    ['a list', [], 422, 'object'],
  ])('refuses %s in plain text', async (_, body, status, text) => {
    const answer = await post('/execute', body)
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(text)])
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect(textOf(await run({ code: '20 + 2' }))).toBe('22')
  })

  it.each([
    ['python', (text: string) => `text = "${text}"\nprint(len(text))`],
    ['javascript', (text: string) => `var text = "${text}"; console.log(text.length)`],
    ['typescript', (text: string) => `var text: string = "${text}"; console.log(text.length)`],
    ['bash', (text: string) => `text=${text}; echo \${#text}`],
    ['r', (text: string) => `text <- "${text}"; cat(nchar(text), "\\n", sep = "")`],
    ['java', (text: string) => `System.out.println(1000000); // ${text}`],
  ])('takes %s of 1 MB, with no harm to the context', async (language, codeOf) => {
    const context_id = await makeContext({ language })
    expect(countOf(await run({ code: '1', context_id }))).toBe(1)
    expect(printed(await run({ code: codeOf('x'.repeat(1_000_000)), context_id }))).toBe('1000000\n')
    expect(countOf(await run({ code: '1', context_id }))).toBe(3)
    await guest.fetch(`/contexts/${context_id}`, { method: 'DELETE' })
  })

  it.each(['python', 'javascript', 'typescript', 'bash', 'r', 'java'])(
    'ends %s with a NUL in it, and goes on in the same kernel',
    async (language) => {
      const context_id = await makeContext({ language })
      const lines = await run({ code: '"a\0b"', context_id })
      expect(lines.filter(({ name }) => name === 'KernelDied')).toEqual([])
      expect(lines.at(-1)).toEqual({ type: 'end_of_execution' })
      expect(countOf(await run({ code: '1', context_id }))).toBe(2)
      await guest.fetch(`/contexts/${context_id}`, { method: 'DELETE' })
    },
  )

  it('takes 10 MB of code, and characters of all planes', async () => {
    const large = await run({ code: `text = "${'x'.repeat(10_000_000)}"\nlen(text)` })
    expect(textOf(large)).toBe('10000000')
    expect(textOf(await run({ code: 'len("\u{1f600}é")' }))).toBe('2')
  })
})

describe('execution_count', () => {
  it.each(['python', 'javascript', 'typescript', 'bash'])(
    'of %s goes up by one a cell, failed ones too, and nothing else counts',
    async (language) => {
      const id = await makeContext({ language })
      const bad = language === 'bash' ? 'false' : 'nope nope'
      const counts = []
      for (const code of ['1', bad, '1']) {
        counts.push(countOf(await run({ code, context_id: id, env_vars: { ONCE: '1' } })))
      }
      expect(counts).toEqual([1, 2, 3])
      expect((await post(`/contexts/${id}/restart`)).ok).toBe(true)
      expect(countOf(await run({ code: '1', context_id: id }))).toBe(1)
    },
  )
})

describe('languages', () => {
  const CODE: Readonly<Record<string, string>> = {
    python: 'print(6 * 7)',
    javascript: 'console.log(6 * 7)',
    typescript: 'const n: number = 7; console.log(6 * n)',
    bash: 'echo $((6 * 7))',
    r: 'cat(6 * 7, "\\n", sep = "")',
    java: 'System.out.println(6 * 7);',
  }

  it.each([
    ['python', 'python'],
    ['Python', 'python'],
    ['javascript', 'javascript'],
    ['js', 'javascript'],
    ['typescript', 'typescript'],
    ['ts', 'typescript'],
    ['bash', 'bash'],
    ['r', 'r'],
    ['R', 'r'],
    ['java', 'java'],
  ])('"%s" is %s, for cells and for contexts', async (name, language) => {
    const code = CODE[language] ?? ''
    expect(printed(await run({ code, language: name }))).toBe('42\n')
    const made = (await (await post('/contexts', { language: name })).json()) as { id: string; language: string }
    expect(made.language).toBe(language)
    expect(printed(await run({ code, context_id: made.id }))).toBe('42\n')
    await guest.fetch(`/contexts/${made.id}`, { method: 'DELETE' })
  })

  it.each([
    ['python', 'import os; print(os.environ.get("OF_SANDBOX"), os.environ.get("ONCE"))'],
    ['javascript', 'console.log(process.env.OF_SANDBOX, process.env.ONCE)'],
    ['bash', 'echo $OF_SANDBOX ${ONCE-None}'],
    ['r', 'cat(Sys.getenv("OF_SANDBOX"), Sys.getenv("ONCE"), "\\n")'],
  ])('%s has the variables of the sandbox, and those of an execution over them for once', async (language, code) => {
    const once = { code, language, env_vars: { OF_SANDBOX: 'over', ONCE: 'once' } }
    expect(printed(await run({ code, language }))).toMatch(/^sandbox/)
    expect(printed(await run(once))).toMatch(/^over once ?\n$/)
    expect(printed(await run({ code, language }))).toMatch(/^sandbox (None|undefined)?\s*$/)
  })
})

describe('contexts', () => {
  const list = async (): Promise<{ id: string; language: string; cwd: string }[]> =>
    (await (await guest.fetch('/contexts')).json()) as never

  it('are python in the home unless told otherwise, and asked for without a token', async () => {
    const { sandboxId } = sandbox
    const headers = { 'E2b-Sandbox-Id': sandboxId, 'E2b-Sandbox-Port': '49999', 'Content-Type': 'application/json' }
    const made = await fetch(`${process.env.E2B_SANDBOX_URL}/contexts`, { method: 'POST', headers, body: '{}' })
    expect(await made.json()).toEqual({ id: expect.any(String), language: 'python', cwd: '/home/user' })
    expect((await guest.fetch('/health')).status).toBe(200)
  })

  it('are there for python and javascript from the start; one of another language comes with its first cell', async () => {
    const other = await Sandbox.create()
    try {
      const contexts = await other.listCodeContexts()
      expect(contexts.map(({ language }) => language).toSorted()).toEqual(['javascript', 'python'])
      await other.runCode('A=1', { language: 'bash' })
      await other.runCode('A=2', { language: 'bash' })
      expect((await other.listCodeContexts()).filter(({ language }) => language === 'bash')).toHaveLength(1)
    } finally {
      await other.kill()
    }
  })

  it.each([
    ['DELETE', '/contexts/nope'],
    ['POST', '/contexts/nope/restart'],
    ['DELETE', '/contexts/a%00b'],
    ['DELETE', '/contexts/..%2f..%2fetc'],
  ])('%s %s is not found, in plain text', async (method, path) => {
    const answer = await guest.fetch(path, { method })
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining('not found')])
  })

  it.each([
    [{ cwd: '/no/such' }, 400],
    [{ cwd: '/etc/passwd' }, 400],
    [{ cwd: '/a\0b' }, 400],
    [{ language: 'cobol' }, 400],
    [{ cwd: 1 }, 422],
  ])('are not made of %j', async (body, status) => {
    const before = (await list()).length
    expect((await post('/contexts', body)).status).toBe(status)
    expect(await list()).toHaveLength(before)
  })

  it('are gone once removed, also from the list; a default one comes back fresh with its next cell', async () => {
    const id = await makeContext({ language: 'javascript', cwd: '/tmp' })
    expect(await list()).toContainEqual({ id, language: 'javascript', cwd: '/tmp' })
    expect((await guest.fetch(`/contexts/${id}`, { method: 'DELETE' })).ok).toBe(true)
    expect((await list()).map((context) => context.id)).not.toContain(id)
    expect((await guest.fetch(`/contexts/${id}`, { method: 'DELETE' })).status).toBe(404)

    await run({ code: 'globalThis.kept = 1', language: 'js' })
    const own = (await list()).find(({ language, cwd }) => language === 'javascript' && cwd === '/home/user')
    expect((await guest.fetch(`/contexts/${own?.id}`, { method: 'DELETE' })).ok).toBe(true)
    expect(textOf(await run({ code: 'typeof kept', language: 'js' }))).toBe('undefined')
  })

  it('run one cell at a time, and beside each other', async () => {
    const id = await makeContext({ language: 'bash' })
    await sandbox.commands.run('mkfifo -m 666 /tmp/first')
    await run({ code: 'N=0', context_id: id })
    const held = run({ code: 'read line < /tmp/first; N=$((N + line))', context_id: id })
    const counts = Array.from({ length: 5 }, () => run({ code: 'echo $((N += 1))', context_id: id }))
    expect(textOf(await run({ code: '"beside"' }))).toBe('beside')
    await sandbox.commands.run('echo 0 > /tmp/first')
    await held
    expect((await Promise.all(counts)).map(printed).toSorted()).toEqual(['1\n', '2\n', '3\n', '4\n', '5\n'])
  })
})

describe('a client that leaves', () => {
  it.each([
    ['python', 'print("begun", flush=True)\nimport time\nwhile True: time.sleep(1)', 'kept = 1', 'print(kept)'],
    ['javascript', 'console.log("begun"); while (true) {}', 'globalThis.kept = 1', 'console.log(kept)'],
    ['bash', 'echo begun; sleep 3000', 'kept=1', 'echo $kept'],
    ['r', 'cat("begun\\n"); repeat Sys.sleep(1)', 'kept <- 1', 'cat(kept, "\\n", sep = "")'],
    [
      'java',
      'System.out.println("begun"); while (true) Thread.sleep(1000);',
      'int kept = 1;',
      'System.out.println(kept);',
    ],
  ])('interrupts %s, and the context goes on with its variables', async (language, endless, before, after) => {
    const id = await makeContext({ language })
    await run({ code: before, context_id: id })
    const leaving = new AbortController()
    const answer = await post('/execute', { code: endless, context_id: id }, leaving.signal)
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader()
    let seen = ''
    while (!seen.includes('begun')) seen += (await reader.read()).value ?? ''
    leaving.abort()
    await reader.closed.catch(() => undefined)
    expect(printed(await run({ code: after, context_id: id }))).toBe('1\n')
  })
})

describe('a template without an interpreter', () => {
  it('makes runCode() throw the error that names the port', async () => {
    const bare = await Sandbox.create('base')
    try {
      await expect(bare.runCode('1')).rejects.toMatchObject({
        name: 'TimeoutError',
        message: expect.stringContaining('port is not open') as string,
      })
    } finally {
      await bare.kill()
    }
  })
})
