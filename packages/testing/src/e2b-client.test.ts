import { NotFoundError, Sandbox } from 'e2b'
import { describe, expect, test } from 'vitest'
import { startTestPlatform } from './test-platform.ts'

const PAUSE = { onTimeout: 'pause', autoResume: true } as const

describe('the e2b client over the whole service', () => {
  test('creates, shows, pauses, connects and kills a sandbox', async () => {
    await using platform = await startTestPlatform()
    const options = platform.client
    const sandbox = await Sandbox.create({
      ...options,
      timeoutMs: 61_500,
      metadata: { 'a b': 'c&d' },
      lifecycle: PAUSE,
    })
    expect(sandbox.getHost(3000)).toBe(`3000-${sandbox.sandboxId}.drowse.localhost:${platform.httpsPort}`)
    const info = await sandbox.getInfo()
    expect(info).toMatchObject({ templateId: 'base', name: 'base', state: 'running', metadata: { 'a b': 'c&d' } })
    expect(info.endAt.getTime() - info.startedAt.getTime()).toBe(62_000)
    expect(await sandbox.isRunning()).toBe(true)

    expect(await sandbox.pause()).toBe(true)
    expect(await sandbox.pause()).toBe(false)
    expect((await sandbox.getInfo()).state).toBe('paused')
    const again = await Sandbox.connect(sandbox.sandboxId, options)
    expect(again.sandboxId).toBe(sandbox.sandboxId)
    expect((await again.getInfo()).state).toBe('running')

    expect(await again.kill()).toBe(true)
    expect(await again.kill()).toBe(false)
    await expect(Sandbox.connect(sandbox.sandboxId, options)).rejects.toBeInstanceOf(NotFoundError)
    await expect(Sandbox.getInfo(sandbox.sandboxId, options)).rejects.toBeInstanceOf(NotFoundError)
    expect(await again.isRunning()).toBe(false)
    expect(platform.host.sandboxes.size).toBe(0)
  })

  test('wakes a paused one by traffic, and only one made for it', async () => {
    await using platform = await startTestPlatform()
    const options = platform.client
    const sleepy = await Sandbox.create({ ...options, lifecycle: PAUSE })
    const plain = await Sandbox.create(options)
    await Promise.all([sleepy.pause(), plain.pause()])
    expect(await plain.isRunning()).toBe(false)
    expect((await plain.getInfo()).state).toBe('paused')
    const answers = await Promise.all(Array.from({ length: 10 }, async () => await sleepy.isRunning()))
    expect(answers).toEqual(Array.from({ length: 10 }, () => true))
    expect((await sleepy.getInfo()).state).toBe('running')
  })

  test('sets and extends timeouts', async () => {
    await using platform = await startTestPlatform()
    const sandbox = await Sandbox.create({ ...platform.client, timeoutMs: 300_000 })
    const end = (await sandbox.getInfo()).endAt
    await Sandbox.connect(sandbox.sandboxId, { ...platform.client, timeoutMs: 10_000 })
    expect((await sandbox.getInfo()).endAt).toEqual(end)
    await sandbox.setTimeout(20_000)
    expect((await sandbox.getInfo()).endAt.getTime()).toBeLessThan(end.getTime())
    await sandbox.setTimeout(0)
    await expect.poll(async () => await Sandbox.kill(sandbox.sandboxId, platform.client)).toBe(false)
  })

  test('lists by state and metadata, page by page', async () => {
    await using platform = await startTestPlatform()
    const options = platform.client
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      const sandbox = await Sandbox.create({
        ...options,
        metadata: { group: i < 3 ? 'a&b=c%' : 'other', n: String(i) },
      })
      ids.push(sandbox.sandboxId)
      if (i % 2 === 0) await sandbox.pause()
    }
    const list = async (query: NonNullable<Parameters<typeof Sandbox.list>[0]>['query']): Promise<string[]> => {
      const pages = Sandbox.list({ ...options, limit: 2, query: query ?? {} })
      const found: string[] = []
      while (pages.hasNext) found.push(...(await pages.nextItems()).map((entry) => entry.sandboxId))
      return found.toSorted()
    }
    expect(await list({})).toEqual(ids.toSorted())
    expect(await list({ state: ['paused'] })).toEqual([ids[0]!, ids[2]!, ids[4]!].toSorted())
    expect(await list({ state: ['running', 'paused'], metadata: { group: 'a&b=c%' } })).toEqual(
      ids.slice(0, 3).toSorted(),
    )
    expect(await list({ state: ['paused'], metadata: { group: 'a&b=c%', n: '2' } })).toEqual([ids[2]])
  })

  test('gets errors that say what was wrong', async () => {
    await using platform = await startTestPlatform()
    const options = platform.client
    await expect(Sandbox.create({ ...options, apiKey: 'e2b_wrong' })).rejects.toThrow(/API key is not valid/)
    await expect(Sandbox.create('nope', options)).rejects.toThrow(`404: template 'nope' not found`)
    await expect(Sandbox.create({ ...options, timeoutMs: 90_000_000 })).rejects.toThrow(/greater than 24 hours/)
    await expect(Sandbox.create({ ...options, network: { denyOut: ['example.com'] } })).rejects.toThrow(
      /invalid denied CIDR/,
    )
    await expect(Sandbox.setTimeout('inobody', 1000, options)).rejects.toBeInstanceOf(NotFoundError)
    await expect(Sandbox.pause('inobody', options)).rejects.toBeInstanceOf(NotFoundError)
    expect(await Sandbox.kill('inobody', options)).toBe(false)
    const pages = Sandbox.list(options)
    expect(await pages.nextItems()).toEqual([])
  })

  test('finds its sandboxes again after the service was restarted', async () => {
    await using platform = await startTestPlatform()
    const running = await Sandbox.create(platform.client)
    const paused = await Sandbox.create(platform.client)
    await paused.pause()
    const died = await Sandbox.create({ ...platform.client, lifecycle: { onTimeout: 'pause' } })
    await platform.host.crash(died.sandboxId)
    await platform.restart()
    const states = await Promise.all(
      [running, paused, died].map(async ({ sandboxId }) => (await Sandbox.getInfo(sandboxId, platform.client)).state),
    )
    expect(states).toEqual(['running', 'paused', 'paused'])
    expect(await (await Sandbox.connect(running.sandboxId, platform.client)).isRunning()).toBe(true)
    expect(await (await Sandbox.connect(paused.sandboxId, platform.client)).isRunning()).toBe(true)
    expect(await (await Sandbox.connect(died.sandboxId, platform.client)).isRunning()).toBe(true)
  })
})
