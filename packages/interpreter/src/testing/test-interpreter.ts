import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleInterpreter } from '../bundle.ts'
import { startInterpreter } from '../interpreter.ts'
import type { OutputMessage } from '../output/output-message.ts'

/** Python with IPython: the tests' own environment, or the clone's when tests run without it. */
export const PYTHON =
  process.env['DROWSE_TEST_PYTHON'] ?? fileURLToPath(new URL('../../../../.cache/venv/bin/python', import.meta.url))

/** An answer to an execution, put together. */
export interface Answer {
  messages: OutputMessage[]
  stdout: string
  stderr: string
  results: Record<string, unknown>[]
  error: { name: string; value: string; traceback: string } | undefined
  count: number | undefined
}

/** What a test sends. */
export interface Request {
  code: string
  language?: string
  context_id?: string
  env_vars?: Record<string, string>
}

/** An interpreter with real kernels on a free port of this host, in a folder of its own. */
export class TestInterpreter implements AsyncDisposable {
  readonly url: string
  readonly folder: string
  readonly log: string[]
  /** What a daemon would answer for the sandbox's variables. */
  readonly sandboxEnv: Record<string, string>
  readonly #disposers: AsyncDisposableStack

  private constructor(
    fields: Pick<TestInterpreter, 'url' | 'folder' | 'log' | 'sandboxEnv'>,
    stack: AsyncDisposableStack,
  ) {
    this.url = fields.url
    this.folder = fields.folder
    this.log = fields.log
    this.sandboxEnv = fields.sandboxEnv
    this.#disposers = stack
  }

  /** Starts one and waits for its first contexts. */
  static async start(): Promise<TestInterpreter> {
    await using stack = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'drowse-interpreter-'))
    stack.defer(() => rm(folder, { recursive: true }))
    const sandboxEnv: Record<string, string> = {}
    const daemon = createServer((request, response) => {
      const isAllowed = request.headers['x-access-token'] === 'token'
      response.writeHead(isAllowed ? 200 : 401).end(JSON.stringify(sandboxEnv))
    })
    await new Promise<void>((resolve) => daemon.listen(0, '127.0.0.1', resolve))
    stack.defer(() => void daemon.close())
    await bundleInterpreter(join(folder, 'interpreter'))
    await writeFile(join(folder, 'machine-id'), 'first')
    const path = `${dirname(PYTHON)}${delimiter}${process.env['PATH']}`
    const log: string[] = []
    const interpreter = await startInterpreter({
      host: '127.0.0.1',
      port: 0,
      places: { kernels: join(folder, 'interpreter'), node: [process.execPath], path },
      home: folder,
      env: { PATH: path, HOME: folder, LANG: 'C.UTF-8' },
      daemonUrl: `http://127.0.0.1:${(daemon.address() as AddressInfo).port}`,
      identityFile: join(folder, 'machine-id'),
      log: (message, error) => log.push(`${message} ${String(error)}`),
    })
    stack.use(interpreter)
    await interpreter.started
    const url = `http://127.0.0.1:${interpreter.port}`
    return new TestInterpreter({ url, folder, log, sandboxEnv }, stack.move())
  }

  /** Runs code and waits for its end. */
  async run(request: Request, signal?: AbortSignal): Promise<Answer> {
    const response = await this.post(request, signal)
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    return readAnswer(await response.text())
  }

  /** Sends an execution and gives the answer as it begins. */
  post(request: Request, signal?: AbortSignal): Promise<Response> {
    return fetch(`${this.url}/execute`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-access-token': 'token' },
      body: JSON.stringify(request),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** Makes a context and gives its id. */
  async context(language: string, cwd?: string): Promise<string> {
    const response = await fetch(`${this.url}/contexts`, { method: 'POST', body: JSON.stringify({ language, cwd }) })
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
    return ((await response.json()) as { id: string }).id
  }

  /** Makes this sandbox look like a copy of the one that it was. */
  becomeCopy(): Promise<void> {
    return writeFile(join(this.folder, 'machine-id'), crypto.randomUUID())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposers.disposeAsync()
  }
}

/** Reads an answer's lines. Throws unless the last is its end. */
export function readAnswer(text: string): Answer {
  const messages = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as OutputMessage)
  if (messages.at(-1)?.type !== 'end_of_execution') throw new Error('The answer has no end')
  const printed = (stream: string): string =>
    messages.map((message) => (message.type === stream && 'text' in message ? message.text : '')).join('')
  return {
    messages,
    stdout: printed('stdout'),
    stderr: printed('stderr'),
    results: messages.filter((message) => message.type === 'result'),
    error: messages.find((message) => message.type === 'error'),
    count: messages.find((message) => message.type === 'number_of_executions')?.execution_count,
  }
}
