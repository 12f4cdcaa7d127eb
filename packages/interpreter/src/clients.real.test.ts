import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { NotFoundError, Sandbox, TimeoutError } from '@e2b/code-interpreter'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { PYTHON, TestInterpreter } from './testing/test-interpreter.ts'

// Kernels are real programs, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const API_KEY = 'e2b_00'
const SANDBOX = {
  sandboxID: 'ione',
  clientID: 'c',
  templateID: 'code-interpreter-v1',
  envdVersion: '0.6.13',
  envdAccessToken: 'token',
}

/** The clients make a sandbox first, then call the interpreter by the origin that they are given. */
describe('the published clients', () => {
  const resources = new AsyncDisposableStack()
  let interpreter: TestInterpreter
  let apiUrl: string
  let sandbox: Sandbox

  beforeAll(async () => {
    interpreter = resources.use(await TestInterpreter.start())
    const api = createServer((request, response) => {
      const status = request.method === 'POST' ? 201 : 404
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(SANDBOX))
    })
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
    resources.defer(() => {
      api.closeAllConnections()
      api.close()
    })
    apiUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}`
    sandbox = await Sandbox.create({ apiKey: API_KEY, apiUrl, sandboxUrl: interpreter.url })
  })
  afterAll(() => resources.disposeAsync())

  it('@e2b/code-interpreter gives results, output, errors and callbacks', async () => {
    const printed: string[] = []
    const execution = await sandbox.runCode('import sys\nprint("é")\nprint("no", file=sys.stderr)\nx = 40\nx + 2', {
      onStdout: (message) => void printed.push(`${message.line}${message.error}`),
    })
    expect(execution.text).toBe('42')
    expect(execution.logs).toEqual({ stdout: ['é\n'], stderr: ['no\n'] })
    expect(execution.executionCount).toBe(1)
    expect(printed).toEqual(['é\nfalse'])
    const failed = await sandbox.runCode('1/0')
    expect(failed.error).toMatchObject({ name: 'ZeroDivisionError', value: 'division by zero' })
    const shown = await sandbox.runCode('display({"text/html": "<b>", "x/y": "z"}, raw=True)')
    expect(shown.results[0]?.formats()).toEqual(['html', 'x/y'])
  })

  it('@e2b/code-interpreter runs languages, variables and contexts', async () => {
    expect((await sandbox.runCode('const a: number = 3; a', { language: 'ts' })).text).toBe('3')
    expect((await sandbox.runCode('process.env.A', { language: 'js', envs: { A: 'b' } })).text).toBe('b')
    const context = await sandbox.createCodeContext({ language: 'bash', cwd: '/tmp' })
    expect(context).toMatchObject({ language: 'bash', cwd: '/tmp' })
    expect((await sandbox.runCode('pwd', { context })).logs.stdout).toEqual(['/tmp\n'])
    expect(await sandbox.listCodeContexts()).toContainEqual(context)
    await sandbox.restartCodeContext(context)
    await sandbox.removeCodeContext(context)
    await expect(sandbox.runCode('pwd', { context })).rejects.toBeInstanceOf(NotFoundError)
  })

  it('@e2b/code-interpreter times out, and the context goes on', async () => {
    const endless = sandbox.runCode('import time\nwhile True: time.sleep(0.1)', { timeoutMs: 300 })
    await expect(endless).rejects.toBeInstanceOf(TimeoutError)
    expect((await sandbox.runCode('2')).text).toBe('2')
  })

  it('e2b-code-interpreter for Python does the same', async () => {
    const script = fileURLToPath(new URL('testing/python-client.py', import.meta.url))
    const env = { ...process.env, E2B_API_KEY: API_KEY, E2B_API_URL: apiUrl, E2B_SANDBOX_URL: interpreter.url }
    const { stdout } = await promisify(execFile)(PYTHON, [script], { env, timeout: 60_000 })
    expect(stdout.trim()).toBe('done')
  })
})
