import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { drowse } from './support/drowse.ts'
import { api, dropToDisk } from './support/inspect.ts'
import { killAfterEach } from './support/sandboxes.ts'
import { makeSmallInternet, type SmallInternet } from './support/small-internet.ts'

const CONNECTIONS = 5
const MBIT = 8
const RATE_BYTES = 1_000_000
/** What passes at once after a rest (docs/networking.md). */
const BURST_BYTES = RATE_BYTES + 262_144
/** Greets and stays on 7001, sends without end on 7002. */
const PROGRAM = `
  import { createServer } from 'node:net'
  const up = (port, serve) => new Promise((resolve) =>
    createServer((socket) => { socket.on('error', () => {}); serve(socket) }).listen(port, '0.0.0.0', resolve))
  await up(7001, (socket) => socket.resume().write('hello'))
  const block = Buffer.alloc(65536)
  const fill = (socket) => { while (!socket.destroyed && socket.write(block)); }
  await up(7002, (socket) => { socket.on('drain', () => fill(socket)); fill(socket) })
  console.log('ready')`

/** What the API says that a sandbox has sent and received. */
interface Traffic {
  sentBytes: number
  receivedBytes: number
}

describe('bounds and counts of the way out', () => {
  const keep = killAfterEach()
  const installation = inject('installation')
  const settings = { DROWSE_SANDBOX_CONNECTIONS_OUT: String(CONNECTIONS), DROWSE_SANDBOX_BANDWIDTH_MBIT: String(MBIT) }
  let internet: SmallInternet

  const restart = async (env: Record<string, string>): Promise<void> => {
    await drowse(installation, ['down'])
    await drowse(installation, ['up'], { env })
  }
  beforeAll(async () => {
    internet = await makeSmallInternet({ program: PROGRAM })
    await restart(settings)
  })
  afterAll(async () => {
    await restart({})
    await internet[Symbol.asyncDispose]()
  })

  const traffic = async (sandbox: Sandbox): Promise<Traffic> => {
    const answer = (await (await api(`/sandboxes/${sandbox.sandboxId}`)).json()) as { drowse: { network: Traffic } }
    return answer.drowse.network
  }
  const runNode = async (sandbox: Sandbox, code: string): Promise<string> => {
    await sandbox.files.write('/tmp/program.cjs', code)
    return (await sandbox.commands.run('node /tmp/program.cjs')).stdout.trim()
  }
  /** Tries connections one after the other in one program, which ends with them; how many were open, and how many refused at once. */
  const tryConnections = async (sandbox: Sandbox, count: number): Promise<string> => {
    const code = `
      const { connect } = require('node:net')
      const open = () => new Promise((resolve) => connect(7001, '${internet.addresses[0]}').on('data', () => resolve('open')).on('error', (e) => resolve(e.code)))
      const main = async () => { const all = []; for (let i = 0; i < ${count}; i++) all.push(await open()); console.log(all.join(' ')); process.exit() }
      main()`
    return await runNode(sandbox, code)
  }
  const bounded = [...Array<string>(CONNECTIONS).fill('open'), 'ECONNREFUSED'].join(' ')

  it('refuses connections above the bound, for each sandbox by itself, also after a wake from disk', async () => {
    const [one, other] = [keep(await Sandbox.create({ timeoutMs: 300_000 })), keep(await Sandbox.create())]
    expect(await tryConnections(one, CONNECTIONS + 1)).toBe(bounded)
    expect(await tryConnections(other, CONNECTIONS + 1)).toBe(bounded)
    await one.pause()
    await dropToDisk(installation, one.sandboxId)
    await one.connect({ timeoutMs: 300_000 })
    expect(await tryConnections(one, CONNECTIONS + 1)).toBe(bounded)
  })

  it('bounds a download, and counts it over pauses, a restart and a wake', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    const download = `
      const { connect } = require('node:net')
      const startMs = performance.now()
      let bytes = 0
      connect(7002, '${internet.addresses[0]}').on('data', (chunk) => {
        bytes += chunk.length
        const tookMs = performance.now() - startMs
        if (tookMs < 2000 && bytes < 40e6) return
        console.log(JSON.stringify({ bytes, allowed: ${BURST_BYTES} + ${RATE_BYTES} * tookMs / 1000 }))
        process.exit()
      })`
    const before = await traffic(sandbox)
    const stdout = await runNode(sandbox, download)
    const { bytes, allowed } = JSON.parse(stdout) as { bytes: number; allowed: number }
    expect(bytes).toBeLessThan(allowed)
    const after = await traffic(sandbox)
    expect(after.receivedBytes - before.receivedBytes).toBeGreaterThanOrEqual(bytes)
    expect(after.sentBytes).toBeGreaterThan(before.sentBytes)

    let last = after
    const grown = async (): Promise<void> => {
      const now = await traffic(sandbox)
      expect(now.receivedBytes).toBeGreaterThanOrEqual(last.receivedBytes)
      expect(now.sentBytes).toBeGreaterThanOrEqual(last.sentBytes)
      last = now
    }
    await sandbox.pause()
    await grown()
    await dropToDisk(installation, sandbox.sandboxId)
    await grown()
    await restart(settings)
    await grown()
    await sandbox.connect({ timeoutMs: 300_000 })
    await sandbox.commands.run('true')
    await grown()
    expect(last.receivedBytes).toBeGreaterThan(after.receivedBytes)
    const text = await (await api('/metrics')).text()
    const counted = new RegExp(`network_received_bytes_total\\{sandbox_id="${sandbox.sandboxId}"\\} (\\d+)`).exec(
      text,
    )?.[1]
    expect(Number(counted)).toBeGreaterThanOrEqual(last.receivedBytes)
  })
})
