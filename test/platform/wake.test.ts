import { readFileSync } from 'node:fs'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { detailOf, dropToDisk, logOf } from './support/inspect.ts'
import { killAfterEach, until } from './support/sandboxes.ts'
import { serverInside, upgradeThroughGateway, requestThroughGateway } from './support/traffic.ts'

/** Counts the fires of a timer of 100 ms, by two clocks, and tells on request how many there were since it was last asked. */
const TICKER = `
const { createServer } = require('node:http')
let ticks = []
setInterval(() => ticks.push(Date.now()), 100)
createServer((_, response) => {
  response.end(JSON.stringify({ nowMs: Date.now(), ticks }))
  ticks = []
}).listen(3100, '0.0.0.0')
`

describe.each(['frozen', 'disk'] as const)('a wake from %s', (tier) => {
  const keep = killAfterEach()
  const installation = inject('installation')
  const sleeping = { timeoutMs: 120_000, lifecycle: { onTimeout: 'pause', autoResume: true } } as const

  async function pauseTo(sandbox: Sandbox): Promise<void> {
    await sandbox.pause()
    if (tier === 'disk') await dropToDisk(installation, sandbox.sandboxId)
    expect((await detailOf(sandbox.sandboxId)).drowse.tier).toBe(tier)
  }

  it("has the clock right within a second, and timers that don't fire in a burst", async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    await sandbox.files.write('/home/user/ticker.js', TICKER)
    await sandbox.commands.run('node /home/user/ticker.js', { background: true, timeoutMs: 0 })
    const ask = async (): Promise<{ nowMs: number; ticks: number[] }> =>
      (await (await requestThroughGateway(sandbox, 3100)).json()) as { nowMs: number; ticks: number[] }
    await until(async () => (await requestThroughGateway(sandbox, 3100)).ok)

    await pauseTo(sandbox)
    const pausedAtMs = Date.now()
    // Real time has to pass: a clock that stood still would show it.
    await until(async () => Promise.resolve(Date.now() - pausedAtMs > 4_000))

    const beforeMs = Date.now()
    const first = await ask()
    const afterMs = Date.now()
    expect(first.nowMs).toBeGreaterThan(beforeMs - 1_000)
    expect(first.nowMs).toBeLessThan(afterMs + 1_000)
    const lateMs = await sandbox.commands.run('date +%s%3N')
    expect(Math.abs(Number(lateMs.stdout) - Date.now())).toBeLessThan(1_000)
    // Fires since the wake: one for each 100 ms, and not one for each that was slept through (40).
    const wokenTicks = first.ticks.filter((at) => at >= beforeMs - 1_000)
    expect(wokenTicks.length).toBeLessThanOrEqual((afterMs - beforeMs) / 100 + 12)
    const busiest = Math.max(
      0,
      ...wokenTicks.map((at) => wokenTicks.filter((other) => other >= at && other < at + 50).length),
    )
    expect(busiest).toBeLessThanOrEqual(3)
  })

  it('is one for 50 requests and 5 WebSocket upgrades at once, and loses none', async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    await serverInside(sandbox, 3000)
    await pauseTo(sandbox)

    const requests = Array.from({ length: 50 }, async (_, index) => {
      const response = await requestThroughGateway(sandbox, 3000, `/${index}`)
      return `${response.status} ${await response.text()}`
    })
    const upgrades = Array.from({ length: 5 }, () => upgradeThroughGateway(sandbox, 3000))
    expect(await Promise.all(requests)).toEqual(Array.from({ length: 50 }, (_, index) => `200 /${index}`))
    expect(await Promise.all(upgrades)).toEqual(Array.from({ length: 5 }, () => 'hello'))

    const wakes = logOf(installation, sandbox.sandboxId).filter((entry) => entry.operation === 'resume')
    expect(wakes).toHaveLength(1)
    expect(wakes[0]).toMatchObject({ isCold: false })
  })
})

describe('a pause', () => {
  const keep = killAfterEach()

  it('writes a log line with the time of each of its steps', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.pause()
    const log = readFileSync(`${inject('installation').data}/logs/service.log`, 'utf8')
    const line = log.split('\n').find((entry) => entry.includes(sandbox.sandboxId) && entry.includes('"pause"'))
    expect(JSON.parse(line ?? '{}')).toMatchObject({ stepMs: { checkpoint: expect.any(Number) } })
  })
})
