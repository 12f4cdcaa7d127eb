import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { clientEnvironment, drowse, type Installation } from '../test/platform/support/drowse.ts'
import { makeInstallation, removeInstallation } from '../test/platform/support/installation.ts'
import { processorSeconds, sandboxProcesses } from './files/processor-time.ts'
import { RAW_DOWN_PORT, RAW_UP_PORT, rawTcpProgram } from './files/raw-tcp.ts'
import { download, upload, type Way } from './files/transfer.ts'
import { loadFact, processorFact } from './machine.ts'
import { quantile } from './samples.ts'
import { tell } from './tell.ts'

const HTTP_PORT = 24_120
const BYTES = 512 * 1024 * 1024
const ROUNDS = 5
const LISTED = 1_000
const LISTS = 20

interface Measured {
  name: string
  move: () => Promise<number>
  rates: number[]
  serviceSeconds: number[]
  sandboxSeconds: number[]
}

/**
 * Measures files in and out of a sandbox, through the gateway and past it, beside bare TCP, all by turns, and the listing of a folder:
 * `node --conditions=source bench/files.ts`. Needs root. Prints markdown. It has an installation of its own, and removes it.
 */
process.env.DROWSE_TEST_ASSETS ??= join(import.meta.dirname, '..', '.cache', 'assets')
const installation = await makeInstallation({ httpPort: HTTP_PORT, httpsPort: 24_153, subnet: '10.236.128.0/17' })
try {
  await drowse(installation, ['up'])
  Object.assign(process.env, await clientEnvironment(installation))
  const sandbox = await Sandbox.create({ timeoutMs: 3_600_000 })
  const facts = [`- ${new Date().toISOString()}; ${processorFact()}, node ${process.version}`, `- ${loadFact()}`]
  const rows = await transfers(installation, sandbox)
  process.stdout.write(`${[...facts, '', ...rows, '', await listing(sandbox)].join('\n')}\n`)
} finally {
  tell('removing the installation')
  await removeInstallation(installation)
}

async function transfers({ data }: Installation, sandbox: Sandbox): Promise<string[]> {
  await sandbox.files.write('/home/user/raw.py', rawTcpProgram(BYTES))
  await sandbox.commands.run('exec python3 /home/user/raw.py', { background: true, timeoutMs: 0 })
  const address = (await sandbox.commands.run('hostname -I')).stdout.trim()
  const service = JSON.parse(readFileSync(join(data, 'run', 'service.json'), 'utf8')) as { pid: number }
  const ways = waysTo(sandbox, address)
  for (let round = 0; round <= ROUNDS; round++) {
    for (const way of ways) {
      tell(`${way.name}, round ${round} of ${ROUNDS}`)
      const pids = sandboxProcesses(sandbox.sandboxId)
      const before = [processorSeconds(service.pid), sum(pids.map(processorSeconds))] as const
      const ms = await way.move()
      if (round === 0) continue // what the first one loads stays
      way.rates.push(BYTES / 1e3 / ms)
      way.serviceSeconds.push((processorSeconds(service.pid) - before[0]) / (BYTES / 1e9))
      way.sandboxSeconds.push((sum(pids.map(processorSeconds)) - before[1]) / (BYTES / 1e9))
    }
  }
  return [
    '| | MB/s p50 | best | processor seconds a GB: service | sandbox |',
    '|---|---|---|---|---|',
    ...ways.map(({ name, rates, serviceSeconds, sandboxSeconds }) => {
      const [rate, service, inside] = [
        quantile(rates, 0.5),
        quantile(serviceSeconds, 0.5),
        quantile(sandboxSeconds, 0.5),
      ]
      return `| ${name} | ${rate.toFixed(0)} | ${Math.max(...rates).toFixed(0)} | ${service.toFixed(1)} | ${inside.toFixed(1)} |`
    }),
  ]
}

function waysTo(sandbox: Sandbox, address: string): Measured[] {
  const daemon = { host: address, port: 49_983 }
  const gateway = { host: '127.0.0.1', port: HTTP_PORT }
  const token = `X-Access-Token: ${sandbox['envdAccessToken'] ?? ''}\r\n`
  const routing = `E2b-Sandbox-Id: ${sandbox.sandboxId}\r\nE2b-Sandbox-Port: 49983\r\n`
  const request = (line: string, headers: string): string =>
    `${line} HTTP/1.1\r\nHost: localhost\r\n${token}${headers}\r\n`
  const put = (path: string, headers = ''): string =>
    request(
      `POST /files?username=user&path=${path}`,
      `${headers}Content-Type: application/octet-stream\r\nContent-Length: ${BYTES}\r\n`,
    )
  const get = (headers = ''): string => request('GET /files?username=user&path=/home/user/large', headers)
  const way = (name: string, move: (way: Way, bytes: number) => Promise<number>, to: Way): Measured => ({
    name,
    move: () => move(to, BYTES),
    rates: [],
    serviceSeconds: [],
    sandboxSeconds: [],
  })
  return [
    way('bare TCP from a Python server', download, { host: address, port: RAW_DOWN_PORT, head: '' }),
    way('bare TCP to a Python server', upload, { host: address, port: RAW_UP_PORT, head: '' }),
    way('upload past the gateway', upload, { ...daemon, head: put('/home/user/large') }),
    way('upload through the gateway', upload, { ...gateway, head: put('/home/user/large', routing) }),
    way('upload to /dev/null through the gateway', upload, { ...gateway, head: put('/dev/null', routing) }),
    way('download past the gateway', download, { ...daemon, head: get() }),
    way('download through the gateway', download, { ...gateway, head: get(routing) }),
  ]
}

async function listing(sandbox: Sandbox): Promise<string> {
  await sandbox.commands.run(`mkdir listed && cd listed && for i in $(seq ${LISTED}); do echo $i > file-$i; done`)
  const times: number[] = []
  for (let index = 0; index < LISTS; index++) {
    const beforeMs = performance.now()
    const entries = await sandbox.files.list('/home/user/listed')
    if (entries.length !== LISTED) throw new Error(`${entries.length} files were listed`)
    times.push(performance.now() - beforeMs)
  }
  return `${LISTED} files listed through the client: p50 ${quantile(times, 0.5).toFixed(0)} ms, best ${Math.min(...times).toFixed(0)} ms`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
