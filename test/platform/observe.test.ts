import { describe, expect, it } from 'vitest'
import { CLIENTS } from './support/clients.ts'
import { killAfterEach, until } from './support/sandboxes.ts'

/** What the service is asked for beside the clients' own calls. */
async function api(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${process.env.E2B_API_URL}${path}`, {
    headers: { 'x-api-key': process.env.E2B_API_KEY ?? '' },
  })
  expect(response.status).toBe(200)
  return (await response.json()) as Record<string, unknown>
}

describe.each(CLIENTS)('$name', ({ Sandbox, NotFoundError }) => {
  const keep = killAfterEach()

  it('getMetrics() tells a busy minute from an idle one, and past ones of a paused sandbox', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    await sandbox.commands.run('head -c 50000000 /dev/urandom > /home/user/fill', { timeoutMs: 60_000 })
    const busy = await sandbox.commands.run('timeout 12 sh -c "while :; do :; done" || true', { background: true })
    await until(async () => (await sandbox.getMetrics()).some(({ cpuUsedPct }) => cpuUsedPct > 25))
    await busy.kill()
    await until(async () => ((await sandbox.getMetrics()).at(-1)?.diskUsed ?? 0) > 50_000_000)
    await until(async () => ((await sandbox.getMetrics()).at(-1)?.cpuUsedPct ?? 100) < 2)
    const points = await sandbox.getMetrics()
    const last = points.at(-1)
    expect(last?.cpuCount).toBe(2)
    expect(last?.memTotal).toBe(1024 * 2 ** 20)
    expect(last?.memUsed).toBeGreaterThan(10_000_000)
    expect(last?.memUsed).toBeLessThan(1024 * 2 ** 20)
    const times = points.map(({ timestamp }) => timestamp.getTime())
    expect(times).toEqual(times.toSorted((a, b) => a - b))

    await sandbox.pause()
    const paused = await sandbox.getMetrics()
    expect(paused.length).toBeGreaterThanOrEqual(points.length)
    expect((await sandbox.getInfo()).state).toBe('paused')
    expect(await sandbox.getMetrics({ end: new Date(times[0]! - 60_000) })).toEqual([])
    const latest = await api(`/sandboxes/metrics?sandbox_ids=${sandbox.sandboxId}`)
    expect(Object.keys(latest['sandboxes'] as object)).toEqual([sandbox.sandboxId])
  })

  it('logs say what happened, also after a kill', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 60_000 }))
    await sandbox.pause()
    await sandbox.connect()
    await sandbox.kill()
    const { logs } = (await api(`/v2/sandboxes/${sandbox.sandboxId}/logs`)) as { logs: { message: string }[] }
    const messages = logs.map(({ message }) => message)
    for (const word of ['created', 'paused', 'resumed', 'killed']) {
      expect(messages.some((message) => message.includes(word))).toBe(true)
    }
    const older = (await api(`/sandboxes/${sandbox.sandboxId}/logs`)) as { logs: { line: string }[] }
    expect(older.logs.map(({ line }) => (JSON.parse(line) as { message: string }).message)).toEqual(messages)
    await expect(Sandbox.getInfo(sandbox.sandboxId)).rejects.toBeInstanceOf(NotFoundError)
  })
})
