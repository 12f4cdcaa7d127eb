import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { describe, expect, test } from 'vitest'
import { describeEngineContract } from '../engine.contract.ts'
import type { SandboxSpec } from '../engine.ts'
import { FakeEngine } from './fake-engine.ts'
import { FakeHost } from './fake-host.ts'

describeEngineContract('fake', async () => {
  const host = new FakeHost()
  return {
    engine: new FakeEngine(host),
    reopen: () => new FakeEngine(host),
    sources: { layers: ['/nowhere'], guestDirectory: '/nowhere' },
    leftovers: async (id) => (host.sandboxes.has(id) ? [id] : []),
    denied: async ({ id }) => [...(host.sandboxes.get(id)?.spec.egress?.deny ?? [])],
    crash: async (id) => await host.crash(id),
    [Symbol.asyncDispose]: async () => await host[Symbol.asyncDispose](),
  }
})

const spec: SandboxSpec = {
  id: 'one',
  directory: '/nowhere',
  layers: [],
  upperDirectory: '/nowhere/upper',
  workDirectory: '/nowhere/work',
  guestDirectory: '/nowhere',
  hostname: 'one',
  network: { slot: 7 },
  limits: { memoryMb: 128, cpuCount: 1 },
}

describe('FakeHost', () => {
  test('failNext makes one call fail and leaves what the contract says', async () => {
    await using host = new FakeHost()
    const engine = new FakeEngine(host)
    const full = new DrowseError('disk_full', 'Cannot checkpoint sandbox "one": no space left')
    await engine.create(spec)
    await engine.start(spec)
    await engine.freeze('one')
    host.failNext('checkpoint', full)
    const image = await mkdtemp(join(tmpdir(), 'drowse-fake-'))
    try {
      await expect(engine.checkpoint('one', image)).rejects.toBe(full)
      expect(await engine.status('one')).toBe('frozen')
      await expect(engine.checkpoint('one', image)).resolves.toMatchObject({ bytes: expect.any(Number) })
    } finally {
      await rm(image, { recursive: true })
    }
  })

  test('failNext of a start leaves the sandbox absent', async () => {
    await using host = new FakeHost()
    const engine = new FakeEngine(host)
    await engine.create(spec)
    host.failNext('start', new DrowseError('engine_failed', 'Cannot start sandbox "one": told so'))
    await expect(engine.start(spec)).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await engine.status('one')).toBe('absent')
  })

  test('lastInit is the body of the last POST /init', async () => {
    await using host = new FakeHost()
    const engine = new FakeEngine(host)
    await engine.create(spec)
    await engine.start(spec)
    const { host: address, port } = engine.endpoint({ slot: 7 }, 49_983)
    const response = await fetch(`http://${address}:${port}/init`, { method: 'POST', body: '{"a":1}' })
    expect(response.status).toBe(204)
    expect(host.lastInit('one')).toBe('{"a":1}')
  })
})
