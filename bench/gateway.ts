import { release } from 'node:os'
import { parseArgs } from 'node:util'
import { newSandboxId } from '@drowse/protocol'
import { LARGE_BYTES } from './gateway/bytes.ts'
import { ask, download, holdWebSockets, upload, type Target } from './gateway/load.ts'
import { measureChurn } from './gateway/measure-churn.ts'
import { measureHttp2 } from './gateway/measure-http2.ts'
import { Pair } from './gateway/pair.ts'
import { loadFact, processorFact } from './machine.ts'
import { quantile } from './samples.ts'
import { tell } from './tell.ts'

const CONNECTIONS = 32
const DURATION_MS = 5_000
const ROUNDS = 3
const WEB_SOCKETS = 1_000
const PARTS = ['speed', 'http2', 'churn'] as const

const USAGE = `Measures the gateway's process, on loopback. Prints markdown; needs no root.
  node --conditions=source bench/gateway.ts [--part ${PARTS.join('|')}] [--minutes <length of the churn, default 5>]`

const { values } = parseArgs({
  options: { part: { type: 'string' }, minutes: { type: 'string', default: '5' }, help: { type: 'boolean' } },
})
const minutes = Number(values.minutes)
if (values.help === true || !(minutes > 0) || !PARTS.some((part) => part === (values.part ?? part))) {
  process.stderr.write(`${USAGE}\n`)
  process.exitCode = values.help === true ? 0 : 2
} else {
  await run(PARTS.filter((part) => part === (values.part ?? part)))
}

async function run(parts: readonly (typeof PARTS)[number][]): Promise<void> {
  const lines = [
    `- ${new Date().toISOString()}; ${processorFact()}, Linux ${release()}, node ${process.version}`,
    `- ${loadFact()}`,
  ]
  for (const part of parts) {
    // Each in processes of their own: what one part leaves behind is no figure of the next.
    await using pair = await Pair.start()
    lines.push('', ...(await { speed, http2: measureHttp2, churn: measureChurn }[part](pair, minutes * 60_000)))
  }
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** What passes beside a direct connection to the same server. */
async function speed(pair: Pair): Promise<string[]> {
  const direct: Target = { port: pair.upstreamPort, host: 'localhost' }
  const through: Target = { port: pair.target.httpPort, host: `3000-${newSandboxId()}.drowse.localhost` }
  return [
    '| | direct | through the gateway | |',
    '|---|---|---|---|',
    ...(await requests(pair, direct, through)),
    ...(await transfers(pair, 'download', download, direct, through)),
    ...(await transfers(pair, 'upload', upload, direct, through)),
    await webSockets(pair, through),
  ]
}

/** Rounds of both ways by turns, so that what else the machine does meets both. */
async function requests(pair: Pair, direct: Target, through: Target): Promise<string[]> {
  const rates: [number[], number[]] = [[], []]
  const alone: [number[], number[]] = [[], []]
  const cpuMs: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, target] of [direct, through].entries()) {
      tell(`requests, round ${round + 1} of ${ROUNDS}, ${way === 0 ? 'direct' : 'through the gateway'}`)
      const before = await pair.use()
      const { times, total } = await ask(target, CONNECTIONS, DURATION_MS)
      if (way === 1) cpuMs.push(((await pair.use()).cpuMs - before.cpuMs) / total)
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
  pair: Pair,
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
      const before = await pair.use()
      const { ms } = await move(target)
      rates[way]?.push(LARGE_BYTES / 1e6 / (ms / 1000))
      if (way === 1) cpuSeconds.push(((await pair.use()).cpuMs - before.cpuMs) / 1000 / (LARGE_BYTES / 1e9))
    }
  }
  const [directRate, throughRate] = [quantile(rates[0], 0.5), quantile(rates[1], 0.5)]
  const ratio = (throughRate / directRate).toFixed(2)
  return [
    `| 1 GiB ${name}, MB/s | ${directRate.toFixed(0)} | ${throughRate.toFixed(0)} | ${ratio} of direct |`,
    `| CPU time of the gateway for a GB of it, s | | ${quantile(cpuSeconds, 0.5).toFixed(2)} | |`,
  ]
}

async function webSockets(pair: Pair, through: Target): Promise<string> {
  tell(`${WEB_SOCKETS} idle WebSockets`)
  const close = await holdWebSockets(through, 10) // what the first ones load stays
  close()
  const before = await pair.use()
  const closeAll = await holdWebSockets(through, WEB_SOCKETS)
  const after = await pair.use()
  closeAll()
  return `| memory for ${WEB_SOCKETS} idle WebSockets, MB | | ${((after.rssBytes - before.rssBytes) / 1e6).toFixed(0)} | |`
}
