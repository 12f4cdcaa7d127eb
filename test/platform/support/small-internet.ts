import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { exec } from '@drowse/common'

/** Addresses for documentation, which no network routes (RFC 5737). */
const LINK = { host: '198.51.100.1', peer: '198.51.100.2' }

/** An internet of one machine, in a network namespace: what sandboxes reach through the host. Its way to everything else is the host. */
export interface SmallInternet extends AsyncDisposable {
  /** The host's address in it. */
  hostAddress: string
  /** Addresses at which it greets on {@link port}. */
  addresses: readonly [string, string]
  port: number
  /** Runs a program in it with `input` on its standard input. Gives what it prints. */
  run(file: string, args: readonly string[], input: string): Promise<string>
  /** Sends its program a line, and gives the line that it answers. */
  ask(line: string): Promise<string>
}

/** What plays the internet: a greeting on port 7001, unless another program does. */
export interface InternetOptions {
  /** Text of an ES module that prints a line when it is ready. */
  program?: string
  /** More addresses that the host routes there. */
  more?: readonly string[]
}

/** Makes a namespace that the host routes public addresses to, with servers on them. All of it goes on dispose. */
export async function makeSmallInternet({ program, more = [] }: InternetOptions = {}): Promise<SmallInternet> {
  const name = `drowse-internet-${process.pid}`
  const device = `inet${process.pid}`.slice(0, 15)
  const addresses = ['203.0.113.10', '203.0.113.20'] as const
  await using stack = new AsyncDisposableStack()
  await exec('ip', ['netns', 'add', name])
  stack.defer(async () => void (await exec('ip', ['netns', 'del', name])))
  const inside = async (...args: readonly string[]): Promise<void> => void (await exec('ip', ['-n', name, ...args]))
  await exec('ip', ['link', 'add', device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name])
  await exec('ip', ['addr', 'add', `${LINK.host}/30`, 'dev', device])
  await exec('ip', ['link', 'set', device, 'up'])
  await inside('addr', 'add', `${LINK.peer}/30`, 'dev', 'eth0')
  await inside('link', 'set', 'eth0', 'up')
  await inside('link', 'set', 'lo', 'up')
  for (const address of [...addresses, ...more]) {
    await inside('addr', 'add', `${address}/32`, 'dev', 'lo')
    await exec('ip', ['route', 'add', `${address}/32`, 'via', LINK.peer])
  }
  await inside('route', 'add', 'default', 'via', LINK.host)
  const port = 7001
  const text = program ?? greeting(port)
  const inNamespace = ['netns', 'exec', name, process.execPath, '--input-type=module', '--eval', text]
  const server = spawn('ip', inNamespace, { stdio: ['pipe', 'pipe', 'inherit'] })
  stack.defer(async () => {
    const ended = once(server, 'exit')
    if (server.kill('SIGKILL')) await ended
  })
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]()
  await lines.next()
  const parts = stack.move()
  return {
    addresses,
    port,
    hostAddress: LINK.host,
    run: async (file, args, input) => (await exec('ip', ['netns', 'exec', name, file, ...args], { input })).stdout,
    async ask(line) {
      server.stdin.write(`${line}\n`)
      return String((await lines.next()).value)
    },
    [Symbol.asyncDispose]: async () => await parts[Symbol.asyncDispose](),
  }
}

function greeting(port: number): string {
  return `import { createServer } from 'node:net'
    createServer((socket) => socket.on('error', () => {}).end('hello')).listen(${port}, '0.0.0.0', () => console.log('ready'))`
}
