import { once } from 'node:events'
import { newSandboxId } from '@drowse/protocol'
import { quantile } from '../samples.ts'
import { tell } from '../tell.ts'
import { LARGE_BYTES } from './bytes.ts'
import { openSession } from './churn.ts'
import type { Pair } from './pair.ts'

const ROUNDS = 3

/** Moves the large body over HTTP/2 each way. Gives a table of how fast, and of what the gateway's process takes for it. */
export async function measureHttp2(pair: Pair): Promise<string[]> {
  return [
    '| over HTTP/2 | MB/s | CPU time of the gateway for a GB, s | memory of its process, most above before, MB |',
    '|---|---|---|---|',
    await transfer(pair, 'download', download),
    await transfer(pair, 'upload', upload),
  ]
}

type Move = (pair: Pair, authority: string) => Promise<void>

async function transfer(pair: Pair, name: string, move: Move): Promise<string> {
  const rates: number[] = []
  const cpuSeconds: number[] = []
  const memoryMb: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    tell(`${name} over HTTP/2, round ${round + 1} of ${ROUNDS}`)
    pair.resetPeak()
    const before = await pair.use()
    const beforeMs = performance.now()
    await move(pair, `3000-${newSandboxId()}.drowse.localhost`)
    rates.push(LARGE_BYTES / 1e6 / ((performance.now() - beforeMs) / 1000))
    const after = await pair.use()
    cpuSeconds.push((after.cpuMs - before.cpuMs) / 1000 / (LARGE_BYTES / 1e9))
    memoryMb.push((after.peakRssBytes - before.rssBytes) / 1e6)
  }
  const most = Math.max(...memoryMb).toFixed(0)
  return `| 1 GiB ${name} | ${quantile(rates, 0.5).toFixed(0)} | ${quantile(cpuSeconds, 0.5).toFixed(2)} | ${most} |`
}

async function download(pair: Pair, authority: string): Promise<void> {
  const session = await openSession(pair.target)
  const stream = session.request({ ':authority': authority, ':path': '/large' })
  let bytes = 0
  stream.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(stream, 'close')
  session.destroy()
  if (bytes !== LARGE_BYTES) throw new Error(`${bytes} bytes came`)
}

async function upload(pair: Pair, authority: string): Promise<void> {
  const session = await openSession(pair.target)
  const stream = session.request({ ':authority': authority, ':path': '/', ':method': 'POST' }, { endStream: false })
  const answered = once(stream, 'response')
  const piece = Buffer.alloc(256 * 1024)
  for (let sent = 0; sent < LARGE_BYTES; sent += piece.length) {
    if (!stream.write(piece)) await once(stream, 'drain')
  }
  stream.end()
  const [head] = (await answered) as [{ ':status'?: number }]
  let answer = ''
  stream.on('data', (chunk: Buffer) => (answer += chunk.toString()))
  await once(stream, 'close')
  session.destroy()
  if (head[':status'] !== 200 || answer !== String(LARGE_BYTES))
    throw new Error(`answered ${head[':status']}: ${answer}`)
}
