import { describe, expect, it } from 'vitest'
import { CLIENTS } from './support/clients.ts'
import { killAfterEach, until } from './support/sandboxes.ts'
import { requestThroughGateway } from './support/traffic.ts'

/** What the service is asked for beside the clients' own calls. */
async function api(path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${process.env.E2B_API_URL}${path}`, {
    headers: { 'x-api-key': process.env.E2B_API_KEY ?? '' },
  })
  expect(response.status).toBe(200)
  return (await response.json()) as Record<string, unknown>
}

/** On a machine that others use too a busy loop gets little, but more than a sandbox that does nothing takes. */
const BUSY_PCT = 3
const IDLE_PCT = 1.5
const WAIT_MS = 60_000

describe.each(CLIENTS)('$name', ({ name, Sandbox, NotFoundError }) => {
  const keep = killAfterEach()

  it('getMetrics() tells a busy minute from an idle one, and past ones of a paused sandbox', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    await sandbox.commands.run('head -c 50000000 /dev/urandom > /home/user/fill', { timeoutMs: 60_000 })
    // Without a process below the shell: kill() ends the shell alone.
    const busy = await sandbox.commands.run('while :; do :; done', { background: true })
    await until(async () => (await sandbox.getMetrics()).some(({ cpuUsedPct }) => cpuUsedPct > BUSY_PCT), WAIT_MS)
    await busy.kill()
    await until(async () => ((await sandbox.getMetrics()).at(-1)?.diskUsed ?? 0) > 50_000_000, WAIT_MS)
    await until(async () => ((await sandbox.getMetrics()).at(-1)?.cpuUsedPct ?? 100) < IDLE_PCT, WAIT_MS)
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

  it('a signed URL of a file wakes a paused sandbox, a wrong one leaves it asleep', async () => {
    const sleeping = { timeoutMs: 120_000, lifecycle: { onTimeout: 'pause', autoResume: true } } as const
    const sandbox = keep(await Sandbox.create(sleeping))
    await sandbox.files.write('notes.txt', 'remember me')
    const url = new URL(await sandbox.downloadUrl('notes.txt', { useSignatureExpiration: 600 }))
    await sandbox.pause()
    const wrong = await requestThroughGateway(sandbox, 49_983, `/files${url.search.replace('notes', 'other')}`)
    expect(wrong.status).toBe(403)
    expect((await sandbox.getInfo()).state).toBe('paused')
    await requestThroughGateway(sandbox, 49_983, `/files${url.search}`)
    expect((await sandbox.getInfo()).state).toBe('running')
  })

  it('network settings can be replaced and are shown', async () => {
    const network = { allowOut: ['pypi.org'], denyOut: ['0.0.0.0/0'], allowPublicTraffic: false }
    const sandbox = keep(await Sandbox.create({ timeoutMs: 60_000, network }))
    const shown = async (): Promise<unknown> => (await api(`/sandboxes/${sandbox.sandboxId}`))['network']
    expect(await shown()).toEqual(network)
    const update = async (body: object): Promise<number> => {
      const response = await fetch(`${process.env.E2B_API_URL}/sandboxes/${sandbox.sandboxId}/network`, {
        method: 'PUT',
        headers: { 'x-api-key': process.env.E2B_API_KEY ?? '' },
        body: JSON.stringify(body),
      })
      return response.status
    }
    expect(await update({ denyOut: ['10.0.0.0/8'] })).toBe(204)
    expect(await shown()).toEqual({ allowPublicTraffic: false, denyOut: ['10.0.0.0/8'] })
    expect(await update({ denyOut: ['example.com'] })).toBe(400)
    // Only the newer client has a method for it.
    if (name === 'e2b') await sandbox.updateNetwork({ allowInternetAccess: false })
    else expect(await update({ allow_internet_access: false })).toBe(204)
    expect(await shown()).toEqual({ allowPublicTraffic: false })
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
