import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { release } from 'node:os'
import { join } from 'node:path'
import { newSandboxId } from '@drowse/protocol'
import { LARGE_BYTES } from './gateway/bytes.ts'
import { ask, download, holdWebSockets, upload, type Target } from './gateway/load.ts'
import { loadFact, processorFact } from './machine.ts'
import { quantile } from './samples.ts'
import { tell } from './tell.ts'

const CONNECTIONS = 32
const DURATION_MS = 5_000
const ROUNDS = 3
const WEB_SOCKETS = 1_000

const children: ChildProcess[] = []

/** Measures the gateway beside a direct connection to the same server: `node --conditions=source bench/gateway.ts`. Prints markdown; needs no root. */
try {
  const direct: Target = { port: await start('serve-upstream.ts'), host: 'localhost' }
  const port = await start('serve-gateway.ts', String(direct.port))
  const through: Target = { port, host: `3000-${newSandboxId()}.drowse.localhost` }
  const lines = [
    `- ${new Date().toISOString()}; ${processorFact()}, Linux ${release()}, node ${process.version}`,
    `- ${loadFact()}`,
    '',
    '| | direct | through the gateway | |',
    '|---|---|---|---|',
    ...(await requests(direct, through)),
    ...(await transfers('download', download, direct, through)),
    ...(await transfers('upload', upload, direct, through)),
    await webSockets(through),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
} finally {
  for (const child of children) child.kill()
}

/** Starts a program of `bench/gateway`; it ends with this one. */
async function start(program: string, ...args: string[]): Promise<number> {
  const child = fork(join(import.meta.dirname, 'gateway', program), args, {
    execArgv: ['--conditions=source', '--expose-gc'],
  })
  children.push(child)
  const [{ port }] = (await once(child, 'message')) as [{ port: number }]
  return port
}

/** Rounds of both ways by turns, so that what else the machine does meets both. */
async function requests(direct: Target, through: Target): Promise<string[]> {
  const rates: [number[], number[]] = [[], []]
  const alone: [number[], number[]] = [[], []]
  const cpuMs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, target] of [direct, through].entries()) {
      tell(`requests, round ${round + 1} of ${ROUNDS}, ${way === 0 ? 'direct' : 'through the gateway'}`)
      const before = await gatewayUse()
      const { times, total } = await ask(target, CONNECTIONS, DURATION_MS)
      if (way === 1) cpuMs.push(((await gatewayUse()).cpuMs - before.cpuMs) / total)
      rates[way]?.push(times.length / (DURATION_MS / 1000))
      alone[way]?.push(...(await ask(target, 1, DURATION_MS)).times)
    }
  }
  const [directRate, throughRate] = [quantile(rates[0], 0.5), quantile(rates[1], 0.5)]
  const [directMs, throughMs] = [quantile(alone[0], 0.5), quantile(alone[1], 0.5)]
  const [directTail, throughTail] = [quantile(alone[0], 0.99), quantile(alone[1], 0.99)]
  return [
    `| requests a second, ${CONNECTIONS} kept connections | ${directRate.toFixed(0)} | ${throughRate.toFixed(0)} | ${(throughRate / directRate).toFixed(2)} of direct |`,
    `| CPU time of the gateway for one of these, ms | | ${quantile(cpuMs, 0.5).toFixed(2)} | ${(1000 / quantile(cpuMs, 0.5)).toFixed(0)} a second on a core of its own |`,
    `| one request, one connection, p50 ms | ${directMs.toFixed(2)} | ${throughMs.toFixed(2)} | ${(throughMs - directMs).toFixed(2)} ms added |`,
    `| the same, p99 ms | ${directTail.toFixed(2)} | ${throughTail.toFixed(2)} | ${(throughTail - directTail).toFixed(2)} ms added |`,
  ]
}

/** Moves the large body by turns; what the gateway takes for it is CPU time that other work on the machine does not change much. */
async function transfers(
  name: string,
  move: (target: Target) => Promise<{ ms: number }>,
  direct: Target,
  through: Target,
): Promise<string[]> {
  const rates: [number[], number[]] = [[], []]
  const cpuSeconds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, target] of [direct, through].entries()) {
      tell(`${name}, round ${round + 1} of ${ROUNDS}, ${way === 0 ? 'direct' : 'through the gateway'}`)
      const before = await gatewayUse()
      const { ms } = await move(target)
      rates[way]?.push(LARGE_BYTES / 1e6 / (ms / 1000))
      if (way === 1) cpuSeconds.push(((await gatewayUse()).cpuMs - before.cpuMs) / 1000 / (LARGE_BYTES / 1e9))
    }
  }
  const [directRate, throughRate] = [quantile(rates[0], 0.5), quantile(rates[1], 0.5)]
  const ratio = (throughRate / directRate).toFixed(2)
  return [
    `| 1 GiB ${name}, MB/s | ${directRate.toFixed(0)} | ${throughRate.toFixed(0)} | ${ratio} of direct |`,
    `| CPU time of the gateway for a GB of it, s | | ${quantile(cpuSeconds, 0.5).toFixed(2)} | |`,
  ]
}

async function webSockets(through: Target): Promise<string> {
  tell(`${WEB_SOCKETS} idle WebSockets`)
  const close = await holdWebSockets(through, 10) // what the first ones load stays
  close()
  const before = await gatewayUse()
  const closeAll = await holdWebSockets(through, WEB_SOCKETS)
  const after = await gatewayUse()
  closeAll()
  return `| memory for ${WEB_SOCKETS} idle WebSockets, MB | | ${((after.rssBytes - before.rssBytes) / 1e6).toFixed(0)} | |`
}

/** What the gateway's process has taken so far. */
async function gatewayUse(): Promise<{ rssBytes: number; cpuMs: number }> {
  const gateway = children[1]
  if (gateway === undefined) throw new Error('the gateway does not run')
  gateway.send('use')
  const [use] = (await once(gateway, 'message')) as [{ rssBytes: number; cpuMs: number }]
  return use
}
