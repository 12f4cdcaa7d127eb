import { existsSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { readAnswer, TestInterpreter } from './testing/test-interpreter.ts'

// Kernels are real programs, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let interpreter: TestInterpreter

beforeAll(async () => {
  interpreter = await TestInterpreter.start()
})
afterAll(() => interpreter[Symbol.asyncDispose]())

const call = async (method: string, path: string, body?: object): Promise<{ status: number; text: string }> => {
  const response = await fetch(`${interpreter.url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, text: await response.text() }
}

describe('the routes', () => {
  it('say that the first contexts are ready, and list them', async () => {
    expect(await call('GET', '/health')).toEqual({ status: 200, text: 'OK' })
    const list = JSON.parse((await call('GET', '/contexts')).text) as { language: string }[]
    expect(list.map(({ language }) => language).toSorted()).toEqual(['javascript', 'python'])
    expect(list[0]).toEqual({ id: expect.any(String), language: expect.any(String), cwd: interpreter.folder })
  })

  it.each<[string, string, object | undefined, number, string]>([
    ['POST', '/execute', { code: '1', context_id: 'x', language: 'python' }, 400, 'Only one of'],
    ['POST', '/execute', { code: '1', context_id: 'x' }, 404, 'Context x not found'],
    ['POST', '/execute', { code: '1', language: 'cobol' }, 400, '"cobol"'],
    ['POST', '/execute', {}, 422, '"code"'],
    ['POST', '/execute', { code: 1 }, 422, '"code"'],
    ['POST', '/execute', { code: '1', env_vars: { 'A=B': '1' } }, 422, '"env_vars"'],
    ['POST', '/execute', { code: '1', env_vars: { A: 'x\0y' } }, 422, '"env_vars"'],
    ['POST', '/contexts', { cwd: '/no/such' }, 400, '/no/such'],
    ['POST', '/contexts', { language: 'cobol' }, 400, '"cobol"'],
    ['DELETE', '/contexts/x', undefined, 404, 'Context x not found'],
    ['POST', '/contexts/x/restart', undefined, 404, 'Context x not found'],
    ['GET', '/nothing', undefined, 404, 'Not Found'],
  ])('refuse %s %s %j', async (method, path, body, status, text) => {
    const answer = await call(method, path, body)
    expect(answer.status).toBe(status)
    expect(answer.text).toContain(text)
  })

  it('take null for what is not given', async () => {
    const body = { code: 'echo 1', context_id: null, language: 'bash', env_vars: null }
    expect(readAnswer((await call('POST', '/execute', body)).text).stdout).toBe('1\n')
  })
})

describe('contexts', () => {
  it('are apart from each other, restart fresh and go', async () => {
    const id = await interpreter.context('JavaScript', '/tmp')
    const here = (code: string) => interpreter.run({ code, context_id: id })
    await here('globalThis.mine = process.cwd()')
    expect((await here('mine')).results[0]?.['text']).toBe('/tmp')
    expect((await interpreter.run({ code: 'typeof mine', language: 'js' })).results[0]?.['text']).toBe('undefined')
    expect((await call('POST', `/contexts/${id}/restart`)).status).toBe(204)
    expect(await here('typeof mine')).toMatchObject({ count: 1, stderr: '', results: [{ text: 'undefined' }] })
    expect((await call('DELETE', `/contexts/${id}`)).status).toBe(204)
    await expect(here('1')).rejects.toThrow(`Context ${id} not found`)
  })

  it('run one cell at a time, in order', async () => {
    const id = await interpreter.context('bash')
    const codes = ['sleep 0.2; A=1', 'echo $A; A=2', 'echo $A']
    const answers = await Promise.all(codes.map((code) => interpreter.run({ code, context_id: id })))
    expect(answers.map(({ stdout, count }) => [stdout, count])).toEqual([
      ['', 1],
      ['1\n', 2],
      ['2\n', 3],
    ])
  })

  it.each([
    ['python', (text: string) => `text = "${text}"\nprint(len(text))`],
    ['javascript', (text: string) => `var text = "${text}"; console.log(text.length)`],
    ['bash', (text: string) => `text=${text}; echo \${#text}`],
  ])('take cells of %s that no pipe holds at once, and keep what was there', async (language, codeOf) => {
    const id = await interpreter.context(language)
    await interpreter.run({ code: 'kept=1', context_id: id })
    for (const size of [65_000, 66_000, 131_072, 1_000_000]) {
      const { stdout } = await interpreter.run({ code: codeOf('x'.repeat(size)), context_id: id })
      expect(stdout).toBe(`${size}\n`)
    }
    expect((await interpreter.run({ code: '1', context_id: id })).count).toBe(6)
  })

  it('end the cell that runs when they are restarted', async () => {
    const id = await interpreter.context('bash')
    const response = await interpreter.post({ code: 'echo begun; sleep 1000', context_id: id })
    const text = response.text()
    await call('POST', `/contexts/${id}/restart`)
    expect(readAnswer(await text).error).toMatchObject({
      name: 'KernelDied',
      value: expect.stringContaining('was restarted'),
    })
    expect((await interpreter.run({ code: 'echo 1', context_id: id })).stdout).toBe('1\n')
  })
})

describe('a kernel that is killed', () => {
  it('is replaced; the cell that ran says so', async () => {
    const id = await interpreter.context('js')
    const answer = await interpreter.run({ code: 'process.kill(process.pid, "SIGKILL")', context_id: id })
    expect(answer.error).toMatchObject({ name: 'KernelDied', value: expect.stringContaining('was ended by SIGKILL') })
    expect((await interpreter.run({ code: '1 + 1', context_id: id })).results[0]?.['text']).toBe('2')
  })

  it('is replaced between cells; the next cell says so', async () => {
    const id = await interpreter.context('js')
    const { results } = await interpreter.run({ code: 'process.pid', context_id: id })
    const pid = Number(results[0]?.['text'])
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false))
    const next = await interpreter.run({ code: '2', context_id: id })
    expect(next.stderr + (next.error?.value ?? '')).toContain('was ended by SIGKILL')
    expect((await interpreter.run({ code: '3', context_id: id })).stderr).toBe('')
  })

  it('takes the programs that it started with it', async () => {
    const id = await interpreter.context('bash')
    const { stdout } = await interpreter.run({ code: 'sleep 1000 & echo $!', context_id: id })
    await call('DELETE', `/contexts/${id}`)
    await vi.waitFor(() => expect(isRunning(stdout.trim())).toBe(false))
  })
})

describe('a client that leaves', () => {
  it.each([
    ['python', 'import time\nfor _ in range(1000): time.sleep(1)', 'x = 1\n', 'x'],
    ['python', 'import asyncio\nawait asyncio.sleep(1000)', 'x = 1\n', 'x'],
    ['python', 'while True: pass', 'x = 1\n', 'x'],
    ['python', '!sleep 1000', 'x = 1\n', 'x'],
    ['javascript', 'while (true) {}', 'globalThis.x = 1\n', 'x'],
    ['javascript', 'await new Promise(() => undefined)', 'globalThis.x = 1\n', 'x'],
    ['javascript', 'require("child_process").execSync("sleep 1000")', 'globalThis.x = 1\n', 'x'],
    ['bash', 'while :; do :; done', 'x=1\n', 'echo $x'],
    ['bash', 'while :; do sleep 1000; done', 'x=1\n', 'echo $x'],
  ])('interrupts %s in %j, and the context is as it was', async (language, code, before, after) => {
    const id = await interpreter.context(language)
    await interpreter.run({ code: before, context_id: id })
    const leave = new AbortController()
    const print = { python: 'print("begun")', javascript: 'console.log("begun")', bash: 'echo begun' }[language]
    const response = await interpreter.post({ code: `${print}\n${code}`, context_id: id }, leave.signal)
    await begun(response)
    leave.abort()
    const next = await interpreter.run({ code: after, context_id: id })
    expect(next.results[0]?.['text'] ?? next.stdout.trim()).toBe('1')
    expect(next.stderr).toBe('')
  })

  it('takes its cell out of the queue', async () => {
    const id = await interpreter.context('bash')
    const first = interpreter.run({ code: 'read x < /dev/fd/9 2>/dev/null; sleep 0.3; V=1', context_id: id })
    const leave = new AbortController()
    const response = await interpreter.post({ code: 'V=2', context_id: id }, leave.signal)
    expect(response.status).toBe(200)
    leave.abort()
    await first
    expect((await interpreter.run({ code: 'echo $V', context_id: id })).stdout).toBe('1\n')
  })
})

describe('a client that reads slowly', () => {
  it('holds the kernel up instead of filling memory', async () => {
    const id = await interpreter.context('bash')
    // A listener that the cell tells how far it has come.
    let told = 0
    const listener = createServer((socket) => socket.on('data', () => told++)).listen(0, '127.0.0.1')
    await once(listener, 'listening')
    const { port } = listener.address() as { port: number }
    const code = `for i in $(seq 200); do head -c 1048576 /dev/zero | tr '\\0' x; echo $i > /dev/tcp/127.0.0.1/${port}; done`
    const response = await interpreter.post({ code, context_id: id })
    // Nothing is read: what fits into sockets and pipes is all that the cell can print, some megabytes of 200.
    let last = -1
    await vi.waitFor(
      () => {
        const isStill = told === last
        last = told
        expect(isStill).toBe(true)
      },
      { interval: 500, timeout: 20_000 },
    )
    expect(told).toBeLessThan(100)
    await response.body?.cancel()
    listener.close()
  })
})

/** Whether a process runs; one that has ended may wait for its parent. */
function isRunning(pid: string): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false
  return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

async function begun(response: Response): Promise<void> {
  const reader = response.body!.getReader()
  let text = ''
  while (!text.includes('begun')) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`Ended with: ${text}`)
    text += new TextDecoder().decode(value)
  }
}
