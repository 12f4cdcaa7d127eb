import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GUEST_TEST_PORT } from '../../contract/engine-harness.ts'
import type { EngineEvent, SandboxSpec } from '../../engine.ts'
import { makeGvisorHarness, type GvisorHarness } from '../../testing/gvisor-harness.ts'
import { findTestAssets } from '../../testing/test-assets.ts'

const assets = findTestAssets()
const MEMORY_MB = 256
/** What the files of the tests about files have together. */
const FILES_MB = 3 * MEMORY_MB

/** Takes ten times the limit, `step` MiB every `pause` ms. */
const hog = (step: number, pause: number): string => `
  const held = []
  for (let taken = 0; taken < ${10 * MEMORY_MB}; taken += ${step}) {
    held.push(Buffer.alloc(${step} * 1024 * 1024, 1))
    await new Promise((resolve) => setTimeout(resolve, ${pause}))
  }`
const bystander = 'setInterval(() => {}, 1000)'
const writeFiles = (folder: string): string => `
  import { writeFileSync } from 'node:fs'
  for (let i = 0; i < ${FILES_MB}; i += 8) writeFileSync('${folder}/' + i, Buffer.alloc(8 * 1024 * 1024, 1))`
const readBack = `
  import { readFileSync } from 'node:fs'
  for (let i = 0; i < ${FILES_MB}; i += 8) if (readFileSync('/' + i).length !== 8 * 1024 * 1024) process.exit(3)`

describe('MemoryGuard', () => {
  let harness: GvisorHarness
  let spec: SandboxSpec
  let events: EngineEvent[]

  beforeEach(async () => {
    harness = await makeGvisorHarness(assets)
    const directory = join(harness.directory, 'guarded')
    spec = {
      id: 'guarded',
      directory,
      upperDirectory: join(directory, 'upper'),
      workDirectory: join(directory, 'work'),
      hostname: 'guarded',
      network: { slot: 0 },
      limits: { memoryMb: MEMORY_MB, cpuCount: 2 },
      ...harness.sources,
    }
    events = []
    harness.engine.onEvent((event) => events.push(event))
    await harness.engine.create(spec)
    await harness.engine.start(spec)
  })

  afterEach(async () => {
    await harness[Symbol.asyncDispose]()
  })

  async function ask(method: string, path: string, body?: string): Promise<Response> {
    const { host, port } = harness.engine.endpoint(spec.network, GUEST_TEST_PORT)
    const init = { method, headers: { connection: 'close' }, ...(body === undefined ? {} : { body }) }
    return await vi.waitFor(async () => await fetch(`http://${host}:${port}${path}`, init), {
      timeout: 30_000,
      interval: 5,
    })
  }

  async function run(code: string): Promise<string> {
    return String((await ask('POST', '/run', code)).headers.get('pid'))
  }

  async function endOf(pid: string): Promise<unknown> {
    return await vi.waitFor(
      async () => {
        const ended = (await (await ask('GET', '/ended')).json()) as Record<string, unknown> // as the fixture answers
        expect(ended).toHaveProperty(pid)
        return ended[pid]
      },
      { timeout: 60_000, interval: 20 },
    )
  }

  for (const [pace, code] of Object.entries({ quick: hog(64, 0), slow: hog(4, 10) })) {
    test(`a ${pace} process that takes ten times the limit is ended alone, as often as it comes`, async () => {
      const other = await run(bystander)
      for (let round = 1; round <= 3; round++) {
        const pid = await run(code)
        expect(await endOf(pid)).toBe('SIGKILL')
        expect(await (await ask('POST', '/counter')).text()).toBe(String(round))
        await vi.waitFor(() => expect(events).toHaveLength(round))
      }
      expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['memory-limit']))
      expect(await harness.engine.status(spec.id)).toBe('running')
      expect(await (await ask('GET', '/ended')).json()).not.toHaveProperty(other)
    })
  }

  test('a hog in a restored sandbox is ended too', async () => {
    const image = join(harness.directory, 'image')
    await ask('POST', '/counter')
    await harness.engine.freeze(spec.id)
    await harness.engine.checkpoint(spec.id, image)
    await harness.engine.thaw(spec.id)
    expect(await endOf(await run(hog(64, 0)))).toBe('SIGKILL')
    await harness.engine.destroy(spec.id)
    await harness.engine.create(spec)
    await harness.engine.restore(spec, image)
    expect(await endOf(await run(hog(64, 0)))).toBe('SIGKILL')
    expect(await (await ask('POST', '/counter')).text()).toBe('2')
  })

  for (const folder of ['/tmp', '/dev/shm']) {
    test(`files in ${folder} are refused above half of the limit, and nothing is ended for them`, async () => {
      expect(await endOf(await run(writeFiles(folder)))).toBe(1)
      expect(await (await ask('POST', '/counter')).text()).toBe('1')
      expect(events).toEqual([])
    })
  }

  test('files on disk of three times the limit are written and read, and nothing is ended for them', async () => {
    expect(await endOf(await run(writeFiles('')))).toBe(0)
    expect(await endOf(await run(readBack))).toBe(0)
    expect(events).toEqual([])
  })

  test('the kernel lets the sandbox wait at its limit instead of ending it', () => {
    const control = `/sys/fs/cgroup/memory/drowse-${harness.instance}/guarded/memory.oom_control`
    expect(readFileSync(control, 'utf8')).toContain('oom_kill_disable 1')
  })
})
