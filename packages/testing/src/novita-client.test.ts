import { NotFoundError, Sandbox } from 'novita-sandbox'
import { describe, expect, test } from 'vitest'
import { startTestPlatform } from './test-platform.ts'

describe('the novita client over the whole service', () => {
  test('creates, shows, pauses, connects and kills a sandbox', async () => {
    await using platform = await startTestPlatform()
    const options = platform.client
    const sandbox = await Sandbox.create({ ...options, lifecycle: { onTimeout: 'pause', autoResume: true } })
    expect(await sandbox.isRunning()).toBe(true)
    expect(await sandbox.getInfo()).toMatchObject({
      state: 'running',
      lifecycle: { onTimeout: 'pause', autoResume: true },
    })
    await sandbox.betaPause()
    expect((await sandbox.getInfo()).state).toBe('paused')
    expect(await sandbox.isRunning()).toBe(true)
    expect((await sandbox.getInfo()).state).toBe('running')
    expect(await Sandbox.pause(sandbox.sandboxId, options)).toBe(true)
    expect(await Sandbox.pause(sandbox.sandboxId, options)).toBe(false)
    const again = await Sandbox.connect(sandbox.sandboxId, options)
    await again.setTimeout(30_000)
    expect(await Sandbox.kill(again.sandboxId, options)).toBe(true)
    expect(await Sandbox.kill(again.sandboxId, options)).toBe(false)
    await expect(Sandbox.connect(sandbox.sandboxId, options)).rejects.toBeInstanceOf(NotFoundError)
  })

  test('metadata auto_resume wakes a paused one', async () => {
    await using platform = await startTestPlatform()
    const sandbox = await Sandbox.create({ ...platform.client, metadata: { auto_resume: 'true' } })
    await sandbox.betaPause()
    expect(await sandbox.isRunning()).toBe(true)
  })

  test('private ports need the traffic token that create and connect give', async () => {
    await using platform = await startTestPlatform()
    const sandbox = await Sandbox.create({ ...platform.client, network: { allowPublicTraffic: false } })
    expect(sandbox.trafficAccessToken).toEqual(expect.any(String))
    const routing = { 'e2b-sandbox-id': sandbox.sandboxId, 'e2b-sandbox-port': '3000' }
    const fetchCounter = async (headers: Record<string, string>): Promise<number> =>
      (await fetch(`${platform.url}/counter`, { headers: { ...routing, ...headers } })).status
    expect(await fetchCounter({})).toBe(403)
    expect(await fetchCounter({ 'e2b-traffic-access-token': String(sandbox.trafficAccessToken) })).toBe(200)
    const again = await Sandbox.connect(sandbox.sandboxId, platform.client)
    expect(again.trafficAccessToken).toBe(sandbox.trafficAccessToken)
  })

  test('lists by state and metadata, page by page', async () => {
    await using platform = await startTestPlatform()
    const options = platform.client
    const ids: string[] = []
    for (let i = 0; i < 3; i++) {
      ids.push((await Sandbox.create({ ...options, metadata: { user: 'ü & x' } })).sandboxId)
    }
    await Sandbox.create(options)
    const pages = Sandbox.list({ ...options, limit: 1, query: { state: ['running'], metadata: { user: 'ü & x' } } })
    const found: string[] = []
    while (pages.hasNext) found.push(...(await pages.nextItems()).map((entry) => entry.sandboxId))
    expect(found.toSorted()).toEqual(ids.toSorted())
  })
})
