import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DrowseError, type ErrorCode } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { EgressPolicy } from './egress/egress-policy.ts'
import type { Engine, EngineEvent, SandboxSpec } from './engine.ts'

/** One engine with its host, made anew for each test. */
export interface EngineHarness extends AsyncDisposable {
  engine: Engine
  /** A new engine object on the same state, as after a restart of the service. */
  reopen(): Engine
  /** Layers and guest runtime for a spec. The guest's server speaks as `FakeGuest` documents. */
  sources: Pick<SandboxSpec, 'layers' | 'guestDirectory'>
  /** Names of everything the host still holds for `id`: processes, mounts, namespaces, links, cgroups, files. */
  leftovers(id: string): Promise<string[]>
  /** Networks that are closed to a sandbox at this moment, as the host knows it. */
  denied(spec: SandboxSpec): Promise<string[]>
  /** Ends the sandbox's processes from outside, as a crash does. */
  crash(id: string): Promise<void>
}

/** Port that the guest's server listens on. */
export const GUEST_TEST_PORT = 49_983
/** Longest wait for the first answer of a guest, in ms. */
const ANSWER_TIMEOUT_MS = 30_000

/** Defines the tests that every {@link Engine} passes. */
export function describeEngineContract(name: string, makeEngine: () => Promise<EngineHarness>): void {
  describe(`${name} engine contract`, () => {
    let harness: EngineHarness
    let directory: string
    let made: string[]
    let slots: number

    beforeEach(async () => {
      made = []
      slots = 0
      directory = await mkdtemp(join(tmpdir(), 'drowse-contract-'))
      harness = await makeEngine()
    })

    afterEach(async () => {
      try {
        for (const id of made) await harness.engine.destroy(id)
        for (const id of made) expect(await harness.leftovers(id)).toEqual([])
      } finally {
        await harness[Symbol.asyncDispose]()
        await rm(directory, { recursive: true, force: true })
      }
    })

    function newSpec(change: Partial<SandboxSpec> = {}): SandboxSpec {
      const id = change.id ?? `t${randomBytes(6).toString('hex')}`
      made.push(id)
      const home = join(directory, `${id}-${slots}`)
      return {
        id,
        directory: home,
        upperDirectory: join(home, 'upper'),
        workDirectory: join(home, 'work'),
        hostname: id,
        network: { slot: slots++ },
        limits: { memoryMb: 256, cpuCount: 1 },
        ...harness.sources,
        ...change,
      }
    }

    async function ask(spec: SandboxSpec, method: string, path: string): Promise<string> {
      const { host, port } = harness.engine.endpoint(spec.network, GUEST_TEST_PORT)
      return await request(`http://${host}:${port}${path}`, method)
    }

    async function startCounting(spec: SandboxSpec): Promise<void> {
      await harness.engine.create(spec)
      await harness.engine.start(spec)
      expect(await ask(spec, 'POST', '/counter')).toBe('1')
    }

    async function checkpointed(spec: SandboxSpec): Promise<string> {
      await startCounting(spec)
      await harness.engine.freeze(spec.id)
      const image = join(directory, 'image')
      await harness.engine.checkpoint(spec.id, image)
      return image
    }

    test('a sandbox goes through create, start, freeze, thaw and destroy with the status of each', async () => {
      const { engine } = harness
      const spec = newSpec()
      expect(await engine.status(spec.id)).toBe('absent')
      await engine.create(spec)
      expect(await engine.status(spec.id)).toBe('created')
      await engine.start(spec)
      expect(await engine.status(spec.id)).toBe('running')
      expect(await ask(spec, 'GET', '/health')).toBe('')
      await engine.freeze(spec.id)
      expect(await engine.status(spec.id)).toBe('frozen')
      await engine.thaw(spec.id)
      expect(await engine.status(spec.id)).toBe('running')
      expect(await ask(spec, 'GET', '/health')).toBe('')
      await engine.destroy(spec.id)
      expect(await engine.status(spec.id)).toBe('absent')
      expect(await harness.leftovers(spec.id)).toEqual([])
    })

    test('a frozen sandbox answers nothing until it is thawed, and then goes on', async () => {
      const spec = newSpec()
      await startCounting(spec)
      await harness.engine.freeze(spec.id)
      let isAnswered = false
      const answer = ask(spec, 'POST', '/counter').finally(() => (isAnswered = true))
      expect(await harness.engine.memoryBytes(spec.id)).toBeGreaterThan(0)
      expect(isAnswered).toBe(false)
      await harness.engine.thaw(spec.id)
      expect(await answer).toBe('2')
    })

    test('usage of a sandbox that runs, and of one that does not', async () => {
      const { engine } = harness
      const spec = newSpec()
      expect(engine.usage(spec.id)).toBeUndefined()
      await startCounting(spec)
      const before = engine.usage(spec.id)
      expect(before).toMatchObject({ cacheBytes: expect.any(Number) })
      expect(before?.memoryBytes).toBeGreaterThan(0)
      for (let i = 0; i < 20; i++) await ask(spec, 'POST', '/counter')
      expect(engine.usage(spec.id)?.cpuMs).toBeGreaterThan(before?.cpuMs ?? Infinity)
      await engine.destroy(spec.id)
      expect(engine.usage(spec.id)).toBeUndefined()
    })

    test('traffic of a sandbox grows with each run, also over a restart of the service, and is never forgotten', async () => {
      const spec = newSpec()
      const before = { sentBytes: 0, receivedBytes: 0 }
      const grows = async (engine: Engine): Promise<void> => {
        await ask(spec, 'POST', '/counter')
        const now = engine.traffic(spec)
        expect(now.sentBytes).toBeGreaterThan(before.sentBytes)
        expect(now.receivedBytes).toBeGreaterThan(before.receivedBytes)
        Object.assign(before, now)
      }
      const stays = (engine: Engine): void => {
        const now = engine.traffic(spec)
        expect(now.sentBytes).toBeGreaterThanOrEqual(before.sentBytes)
        expect(now.receivedBytes).toBeGreaterThanOrEqual(before.receivedBytes)
        Object.assign(before, now)
      }
      expect(harness.engine.traffic(spec)).toEqual(before)
      await startCounting(spec)
      await grows(harness.engine)
      await harness.engine.freeze(spec.id)
      stays(harness.engine)
      await harness.engine.thaw(spec.id)
      await grows(harness.reopen())
      await harness.engine.destroy(spec.id)
      stays(harness.engine)
      await harness.engine.destroy(spec.id)
      stays(harness.reopen())
      await harness.engine.create(spec)
      stays(harness.engine)
      await harness.engine.start(spec)
      await grows(harness.engine)
      await harness.crash(spec.id)
      stays(harness.engine)
    })

    test('freeze, thaw and destroy can be repeated', async () => {
      const { engine } = harness
      const spec = newSpec()
      await startCounting(spec)
      await engine.thaw(spec.id)
      for (let round = 0; round < 3; round++) {
        await engine.freeze(spec.id)
        await engine.freeze(spec.id)
        expect(await engine.status(spec.id)).toBe('frozen')
        await engine.thaw(spec.id)
        await engine.thaw(spec.id)
        expect(await engine.status(spec.id)).toBe('running')
      }
      expect(await ask(spec, 'GET', '/counter')).toBe('1')
      await engine.destroy(spec.id)
      await engine.destroy(spec.id)
      await engine.destroy('never-made')
    })

    test('checkpoint writes an image for root only, says its size and leaves the sandbox frozen', async () => {
      const { engine } = harness
      const spec = newSpec()
      await startCounting(spec)
      await engine.freeze(spec.id)
      const image = join(directory, 'image')
      const { bytes } = await engine.checkpoint(spec.id, image)
      expect(bytes).toBeGreaterThan(0)
      expect(await engine.status(spec.id)).toBe('frozen')
      const names = await readdir(image)
      for (const name of names) expect((await stat(join(image, name))).mode & 0o777).toBe(0o600)
      await engine.thaw(spec.id)
      expect(await ask(spec, 'POST', '/counter')).toBe('2')
    })

    test('restore continues an image under the same id', async () => {
      const { engine } = harness
      const spec = newSpec()
      const image = await checkpointed(spec)
      await engine.destroy(spec.id)
      await engine.create(spec)
      await engine.restore(spec, image)
      expect(await engine.status(spec.id)).toBe('running')
      expect(await ask(spec, 'POST', '/counter')).toBe('2')
    })

    test('restore continues one image under several other ids, side by side with its origin', async () => {
      const { engine } = harness
      const origin = newSpec()
      const image = await checkpointed(origin)
      const clones = [newSpec(), newSpec()]
      for (const clone of clones) {
        await engine.create(clone)
        await engine.restore(clone, image)
      }
      expect(await ask(clones[0]!, 'POST', '/counter')).toBe('2')
      expect(await ask(clones[0]!, 'POST', '/counter')).toBe('3')
      expect(await ask(clones[1]!, 'POST', '/counter')).toBe('2')
      await engine.thaw(origin.id)
      expect(await ask(origin, 'GET', '/counter')).toBe('1')
    })

    test('a restored sandbox can be saved and restored again', async () => {
      const { engine } = harness
      const spec = newSpec()
      let image = await checkpointed(spec)
      for (let round = 2; round <= 3; round++) {
        await engine.destroy(spec.id)
        await engine.create(spec)
        await engine.restore(spec, image)
        expect(await ask(spec, 'POST', '/counter')).toBe(String(round))
        await engine.freeze(spec.id)
        image = join(directory, `image-${round}`)
        await engine.checkpoint(spec.id, image)
      }
    })

    test('start after destroy begins with nothing in memory', async () => {
      const spec = newSpec()
      await startCounting(spec)
      await harness.engine.destroy(spec.id)
      await startCounting(spec)
    })

    test('create keeps a shell that was made for the same spec, also one of an earlier engine', async () => {
      const spec = newSpec()
      const image = await checkpointed(spec)
      await harness.engine.create(spec)
      await harness.engine.create(spec)
      const next = harness.reopen()
      await next.create({ ...spec })
      expect(await next.status(spec.id)).toBe('created')
      await next.restore(spec, image)
      expect(await ask(spec, 'POST', '/counter')).toBe('2')
    })

    test('create makes another shell for another spec', async () => {
      const spec = newSpec()
      await harness.engine.create(spec)
      const other = { ...spec, network: { slot: slots++ } }
      await harness.engine.create(other)
      await harness.engine.start(other)
      expect(await ask(other, 'POST', '/counter')).toBe('1')
    })

    test('create makes another shell when the one that is there has died', async () => {
      const spec = newSpec()
      await harness.engine.create(spec)
      await harness.crash(spec.id)
      expect(await harness.engine.status(spec.id)).toBe('absent')
      await harness.engine.create(spec)
      await harness.engine.start(spec)
      expect(await ask(spec, 'POST', '/counter')).toBe('1')
    })

    test('create removes a running sandbox of the same id', async () => {
      const spec = newSpec()
      await startCounting(spec)
      await harness.engine.create(spec)
      expect(await harness.engine.status(spec.id)).toBe('created')
    })

    test('restore of a missing or damaged image fails with "engine_failed" and leaves nothing', async () => {
      const { engine } = harness
      const spec = newSpec()
      const image = await checkpointed(spec)
      await engine.destroy(spec.id)
      const names = await readdir(image)
      const sizes = await Promise.all(names.map(async (name) => (await stat(join(image, name))).size))
      const largest = names[sizes.indexOf(Math.max(...sizes))]!
      await truncate(join(image, largest), Math.floor(Math.max(...sizes) / 2))
      for (const broken of [image, join(directory, 'nowhere')]) {
        await engine.create(spec)
        await expectCode(engine.restore(spec, broken), 'engine_failed')
        expect(await engine.status(spec.id)).toBe('absent')
        expect(await harness.leftovers(spec.id)).toEqual([])
      }
      await startCounting(spec)
    })

    test('calls that are not legal in the current status fail with "conflict" and change nothing', async () => {
      const { engine } = harness
      const spec = newSpec()
      const image = join(directory, 'never')
      const all = {
        start: () => engine.start(spec),
        restore: () => engine.restore(spec, image),
        freeze: () => engine.freeze(spec.id),
        thaw: () => engine.thaw(spec.id),
        checkpoint: () => engine.checkpoint(spec.id, image),
        memoryBytes: () => engine.memoryBytes(spec.id),
      }
      const expectConflicts = async (calls: readonly (keyof typeof all)[]): Promise<void> => {
        const before = await engine.status(spec.id)
        for (const call of calls) await expectCode(all[call](), 'conflict')
        expect(await engine.status(spec.id)).toBe(before)
      }
      await expectConflicts(['start', 'restore', 'freeze', 'thaw', 'checkpoint', 'memoryBytes'])
      await engine.create(spec)
      await expectConflicts(['freeze', 'thaw', 'checkpoint', 'memoryBytes'])
      await engine.start(spec)
      await expectConflicts(['start', 'restore', 'checkpoint'])
      await engine.freeze(spec.id)
      await expectConflicts(['start', 'restore'])
    })

    test('an egress policy is in force from create on, in every status, over a restart of the service, until destroy', async () => {
      const { engine } = harness
      const policy = (deny: string): EgressPolicy => ({ allow: [], deny: [deny], domains: [] })
      const spec = newSpec({ egress: policy('203.0.113.0/24') })
      await engine.create(spec)
      expect(await harness.denied(spec)).toEqual(['203.0.113.0/24'])
      await engine.setEgress(spec.id, policy('198.51.100.0/24'))
      expect(await harness.denied(spec)).toEqual(['198.51.100.0/24'])
      await engine.start(spec)
      await engine.freeze(spec.id)
      await harness.reopen().setEgress(spec.id, policy('192.0.2.7'))
      expect(await engine.status(spec.id)).toBe('frozen')
      expect(await harness.denied(spec)).toEqual(['192.0.2.7'])
      await engine.thaw(spec.id)
      await engine.setEgress(spec.id, undefined)
      await engine.setEgress(spec.id, undefined)
      expect(await harness.denied(spec)).toEqual([])
      await engine.setEgress(spec.id, policy('192.0.2.7'))
      await engine.destroy(spec.id)
      expect(await harness.denied(spec)).toEqual([])
      expect(await harness.leftovers(spec.id)).toEqual([])
    })

    test('setEgress touches no neighbour, and refuses what it cannot put in force', async () => {
      const { engine } = harness
      const [mine, neighbour] = [newSpec(), newSpec()]
      const policy: EgressPolicy = { allow: [], deny: ['0.0.0.0/0'], domains: [] }
      await expectCode(engine.setEgress(mine.id, policy), 'conflict')
      for (const spec of [mine, neighbour]) await engine.create(spec)
      await engine.setEgress(mine.id, policy)
      expect(await harness.denied(neighbour)).toEqual([])
      for (const wrong of ['::/0', '1.2.3.4/33', 'example.com', '1.2.3.4 } accept']) {
        await expectCode(engine.setEgress(mine.id, { ...policy, deny: [wrong] }), 'invalid_argument')
      }
      expect(await harness.denied(mine)).toEqual(['0.0.0.0/0'])
      await engine.destroy(mine.id)
      await expectCode(engine.setEgress(mine.id, policy), 'conflict')
    })

    test('list names every sandbox with its status', async () => {
      const { engine } = harness
      expect(await engine.list()).toEqual([])
      const [created, frozen] = [newSpec(), newSpec()]
      await engine.create(created)
      await startCounting(frozen)
      await engine.freeze(frozen.id)
      const entries = [
        { id: created.id, status: 'created' },
        { id: frozen.id, status: 'frozen' },
      ]
      expect(await engine.list()).toEqual(entries.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    })

    test('a second engine on the same state adopts created, running and frozen sandboxes', async () => {
      const [created, running, frozen] = [newSpec(), newSpec(), newSpec()]
      await harness.engine.create(created)
      await startCounting(running)
      await startCounting(frozen)
      await harness.engine.freeze(frozen.id)

      const next = harness.reopen()
      expect(await next.status(created.id)).toBe('created')
      expect(await next.status(running.id)).toBe('running')
      expect(await next.status(frozen.id)).toBe('frozen')
      expect(next.build).toEqual(harness.engine.build)
      await next.start(created)
      expect(await ask(created, 'POST', '/counter')).toBe('1')
      expect(await ask(running, 'POST', '/counter')).toBe('2')
      await next.freeze(frozen.id)
      await next.thaw(frozen.id)
      expect(await ask(frozen, 'POST', '/counter')).toBe('2')
      for (const { id } of [created, running, frozen]) {
        await next.destroy(id)
        expect(await harness.leftovers(id)).toEqual([])
      }
      expect(await next.list()).toEqual([])
    })

    test('a sandbox whose processes died is absent, listed, and can be made again', async () => {
      const { engine } = harness
      const spec = newSpec()
      await startCounting(spec)
      await harness.crash(spec.id)
      expect(await engine.status(spec.id)).toBe('absent')
      expect(await engine.list()).toEqual([{ id: spec.id, status: 'absent' }])
      await expectCode(engine.freeze(spec.id), 'conflict')
      await startCounting(spec)
    })

    test('onEvent tells that processes ended, once, to every engine that has listeners, and not of what was destroyed', async () => {
      const [crashed, restored, destroyed] = [newSpec(), newSpec(), newSpec()]
      const image = await checkpointed(restored)
      await harness.engine.create(restored)
      await harness.engine.restore(restored, image)
      for (const spec of [crashed, destroyed]) await startCounting(spec)
      const made: EngineEvent[] = []
      const adopted: EngineEvent[] = []
      const ended: EngineEvent[] = []
      harness.engine.onEvent((event) => made.push(event))
      harness.engine.onEvent((event) => ended.push(event))()
      await harness.engine.destroy(destroyed.id)
      harness.reopen().onEvent((event) => adopted.push(event))
      await harness.engine.freeze(restored.id)
      await harness.crash(crashed.id)
      await harness.crash(restored.id)
      const ids = [crashed.id, restored.id].sort()
      for (const events of [made, adopted]) {
        await vi.waitFor(() => expect(events.map(({ id }) => id).sort()).toEqual(ids), { timeout: 5_000 })
        expect(events.every(({ kind }) => kind === 'exited')).toBe(true)
      }
      expect(ended).toEqual([])
    })
  })
}

/** Rejects unless `work` fails with `code`. */
async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DrowseError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(/^Cannot /) })
}

/** Asks until the guest accepts connections. Each try has a connection of its own, so that no pool outlives a sandbox. */
async function request(url: string, method: string): Promise<string> {
  const ask = async (): Promise<string> => await (await fetch(url, { method, headers: { connection: 'close' } })).text()
  return await vi.waitFor(ask, { timeout: ANSWER_TIMEOUT_MS, interval: 2 })
}
