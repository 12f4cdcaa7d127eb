import { newSandboxId, SANDBOX_STATES, SANDBOX_TRANSITIONS, type SandboxState } from '@drowse/protocol'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Sandbox } from '../sandboxes/sandbox.ts'
import type { SshKey } from './repos/ssh-key-repo.ts'
import type { SandboxListQuery } from './repos/sandbox-repo.ts'
import type { Store } from './store.ts'

const NOW = 1_700_000_000_000

/** A whole sandbox with the given fields. */
export function sandboxFixture(fields: Partial<Sandbox> = {}): Sandbox {
  return {
    id: newSandboxId(),
    teamId: 'team-a',
    templateId: 'base',
    templateAlias: 'base',
    state: 'running',
    generation: 0,
    createdAtMs: NOW,
    startedAtMs: NOW,
    createTimeoutMs: 300_000,
    runTimeoutMs: 300_000,
    maxEndAtMs: NOW + 300_000,
    endAtMs: NOW + 300_000,
    autoPause: false,
    autoPauseMemory: true,
    autoResume: false,
    metadata: {},
    envVars: {},
    network: {},
    allowInternetAccess: undefined,
    secure: true,
    envdAccessToken: 'token',
    trafficAccessToken: undefined,
    cpuCount: 0.5,
    memoryMb: 512,
    diskSizeMb: 1024,
    pauseMode: undefined,
    wasGuestSilent: false,
    coldReason: undefined,
    ...fields,
  }
}

/** What every store has to do. `open` gives an empty one. */
export function describeStoreContract(name: string, open: () => Promise<Store>): void {
  const openWithTeams = async (): Promise<Store> => {
    const store = await open()
    for (const id of ['team-a', 'team-b']) await store.teams.insertTeam({ id, name: id, createdAtMs: NOW })
    return store
  }

  describe(`${name} sandboxes`, () => {
    test('find() gives what insert() took, every field of it', async () => {
      await using store = await openWithTeams()
      const whole = sandboxFixture({
        metadata: { 'a b': 'c"\'%_', ü: '' },
        envVars: { A: '=' },
        network: { allowPublicTraffic: false, maskRequestHost: 'x:${PORT}' },
        allowInternetAccess: true,
        trafficAccessToken: 't',
        pauseMode: 'filesystem',
        wasGuestSilent: true,
        coldReason: 'because',
      })
      const bare = sandboxFixture({ templateAlias: undefined, envdAccessToken: undefined, secure: false })
      for (const sandbox of [whole, bare]) {
        await store.sandboxes.insert(sandbox)
        expect(await store.sandboxes.find(sandbox.id)).toEqual(sandbox)
      }
      expect(await store.sandboxes.find(newSandboxId())).toBeUndefined()
    })

    test('insert() refuses a second one with the same id, and an unknown team', async () => {
      await using store = await openWithTeams()
      const sandbox = sandboxFixture()
      await store.sandboxes.insert(sandbox)
      await expect(store.sandboxes.insert(sandbox)).rejects.toThrow()
      await expect(store.sandboxes.insert(sandboxFixture({ teamId: 'nobody' }))).rejects.toThrow()
    })

    test('transition() takes exactly those of the table', async () => {
      await using store = await openWithTeams()
      for (const from of SANDBOX_STATES) {
        for (const to of SANDBOX_STATES) {
          const sandbox = sandboxFixture({ state: from })
          await store.sandboxes.insert(sandbox)
          if (SANDBOX_TRANSITIONS[from].includes(to)) {
            expect(await store.sandboxes.transition(sandbox, to)).toEqual({ ...sandbox, state: to, generation: 1 })
          } else {
            await expect(store.sandboxes.transition(sandbox, to)).rejects.toMatchObject({ code: 'internal' })
            expect(await store.sandboxes.find(sandbox.id)).toEqual(sandbox)
          }
        }
      }
    })

    test('a soft transition is a compare-and-set as any other, seen at once', async () => {
      await using store = await openWithTeams()
      const sandbox = sandboxFixture({ state: 'paused' })
      await store.sandboxes.insert(sandbox)
      const resuming = await store.sandboxes.transition(sandbox, 'resuming', { runTimeoutMs: 7 }, { isSoft: true })
      expect(resuming).toEqual({ ...sandbox, state: 'resuming', runTimeoutMs: 7, generation: 1 })
      expect(await store.sandboxes.find(sandbox.id)).toEqual(resuming)
      expect(await store.sandboxes.transition(sandbox, 'resuming', {}, { isSoft: true })).toBeUndefined()
    })

    test('transition() of two at once lets one through', async () => {
      await using store = await openWithTeams()
      const sandbox = sandboxFixture()
      await store.sandboxes.insert(sandbox)
      const results = await Promise.all([
        store.sandboxes.transition(sandbox, 'pausing'),
        store.sandboxes.transition(sandbox, 'killing'),
        store.sandboxes.update(sandbox, { endAtMs: 1 }),
      ])
      expect(results.filter((row) => row !== undefined)).toHaveLength(1)
    })

    test('transition() and update() change the fields of the patch only, undefined clears', async () => {
      await using store = await openWithTeams()
      const sandbox = sandboxFixture({ pauseMode: 'full', coldReason: 'x' })
      await store.sandboxes.insert(sandbox)
      const updated = await store.sandboxes.update(sandbox, { endAtMs: 5, coldReason: undefined })
      expect(updated).toEqual({ ...sandbox, generation: 1, endAtMs: 5, coldReason: undefined })
      expect(await store.sandboxes.update(sandbox, { endAtMs: 6 })).toBeUndefined()
      const moved = await store.sandboxes.transition(updated!, 'pausing', { pauseMode: undefined })
      expect(moved).toEqual({ ...updated, generation: 2, state: 'pausing', pauseMode: undefined })
    })

    test('remove() takes a row of the expected version only', async () => {
      await using store = await openWithTeams()
      const sandbox = sandboxFixture()
      await store.sandboxes.insert(sandbox)
      expect(await store.sandboxes.remove({ ...sandbox, generation: 7 })).toBe(false)
      expect(await store.sandboxes.remove(sandbox)).toBe(true)
      expect(await store.sandboxes.remove(sandbox)).toBe(false)
      expect(await store.sandboxes.find(sandbox.id)).toBeUndefined()
    })

    test('accessTokens() gives those of secured ones', async () => {
      await using store = await openWithTeams()
      const secured = sandboxFixture({ envdAccessToken: 'secret' })
      for (const sandbox of [secured, sandboxFixture({ envdAccessToken: undefined, secure: false })]) {
        await store.sandboxes.insert(sandbox)
      }
      expect(await store.sandboxes.accessTokens()).toEqual([{ id: secured.id, accessToken: 'secret' }])
    })

    test('dueBefore() and nextDeadline() see running ones only, at the exact ms', async () => {
      await using store = await openWithTeams()
      const [early, late, paused] = [
        sandboxFixture({ endAtMs: 100 }),
        sandboxFixture({ endAtMs: 200 }),
        sandboxFixture({ endAtMs: 50, state: 'paused' }),
      ]
      for (const sandbox of [late, early, paused]) await store.sandboxes.insert(sandbox)
      expect(await store.sandboxes.dueBefore(99)).toEqual([])
      expect(await store.sandboxes.dueBefore(100)).toEqual([early.id])
      expect(await store.sandboxes.dueBefore(1000)).toEqual([early.id, late.id])
      expect(await store.sandboxes.nextDeadline(0)).toBe(100)
      expect(await store.sandboxes.nextDeadline(100)).toBe(200)
      expect(await store.sandboxes.nextDeadline(200)).toBeUndefined()
    })

    test('list() gives each matching one once, in order, whatever the page size', async () => {
      await fc.assert(
        fc.asyncProperty(listCase, async (example) => await checkPages(await openWithTeams(), example)),
        {
          numRuns: 40,
        },
      )
    })
  })

  describe(`${name} events`, () => {
    test('prune() keeps the latest', async () => {
      await using store = await openWithTeams()
      const sandboxId = newSandboxId()
      const event = { sandboxId, teamId: 'team-a', name: 'sandbox.paused', data: {} } as const
      for (let atMs = 0; atMs < 10; atMs++) await store.events.append({ ...event, atMs })
      await store.events.prune(3)
      expect((await store.events.listBySandbox(sandboxId)).map(({ atMs }) => atMs)).toEqual([7, 8, 9])
      await store.events.prune(0)
      expect(await store.events.listBySandbox(sandboxId)).toEqual([])
      await store.events.prune(0)
    })
  })

  describe(`${name} idempotency keys`, () => {
    const record = {
      teamId: 'team-a',
      key: 'k',
      fingerprint: 'f',
      sandboxId: newSandboxId(),
      answer: undefined,
      createdAtMs: NOW,
    }

    test('are found by team and key, answer and all', async () => {
      await using store = await openWithTeams()
      const other = { ...record, teamId: 'team-b', fingerprint: 'g', answer: '{}' }
      await store.idempotency.insert(record)
      await store.idempotency.insert(other)
      expect(await store.idempotency.find('team-a', 'k')).toEqual(record)
      expect(await store.idempotency.find('team-b', 'k')).toEqual(other)
      expect(await store.idempotency.find('team-a', 'x')).toBeUndefined()
      await store.idempotency.setAnswer('team-a', 'k', '{"a":1}')
      expect(await store.idempotency.find('team-a', 'k')).toEqual({ ...record, answer: '{"a":1}' })
      await expect(store.idempotency.insert(record)).rejects.toThrow()
    })

    test('go by name or by age', async () => {
      await using store = await openWithTeams()
      const old = { ...record, key: 'old', createdAtMs: NOW - 1 }
      for (const each of [record, old, { ...record, key: 'named' }]) await store.idempotency.insert(each)
      await store.idempotency.removeBefore(NOW)
      await store.idempotency.remove('team-a', 'named')
      const left = await Promise.all(
        ['k', 'old', 'named'].map(async (key) => await store.idempotency.find('team-a', key)),
      )
      expect(left).toEqual([record, undefined, undefined])
    })
  })

  describe(`${name} transaction()`, () => {
    test('keeps all or nothing', async () => {
      await using store = await openWithTeams()
      const sandbox = sandboxFixture()
      await store.sandboxes.insert(sandbox)
      const event = {
        atMs: 1,
        sandboxId: sandbox.id,
        teamId: 'team-a',
        name: 'sandbox.killed',
        data: { a: 1 },
      } as const
      const failing = store.transaction(async (repos) => {
        await repos.sandboxes.transition(sandbox, 'killing')
        await repos.events.append(event)
        throw new Error('no')
      })
      await expect(failing).rejects.toThrow('no')
      expect(await store.sandboxes.find(sandbox.id)).toEqual(sandbox)
      expect(await store.events.listBySandbox(sandbox.id)).toEqual([])
      await store.transaction(async (repos) => await repos.events.append(event))
      expect(await store.events.listBySandbox(sandbox.id)).toEqual([event])
    })

    test('of one caller does not take in the writes of another', async () => {
      await using store = await openWithTeams()
      const [mine, others] = [sandboxFixture(), sandboxFixture()]
      const inside = Promise.withResolvers<void>()
      const failing = store.transaction(async (repos) => {
        await repos.sandboxes.insert(mine)
        inside.resolve()
        await new Promise((resolve) => setImmediate(resolve))
        throw new Error('no')
      })
      await inside.promise
      const inserting = store.sandboxes.insert(others)
      await expect(failing).rejects.toThrow('no')
      await inserting
      expect(await store.sandboxes.find(mine.id)).toBeUndefined()
      expect(await store.sandboxes.find(others.id)).toEqual(others)
    })
  })

  test(`${name} SSH keys open the sandboxes of their team alone, and are removed by it alone`, async () => {
    await using store = await openWithTeams()
    const key = (fields: Partial<SshKey>): SshKey => ({
      id: 'k1',
      teamId: 'team-a',
      name: 'a "key"',
      type: 'ssh-ed25519',
      publicKey: 'ssh-ed25519 AAAA',
      fingerprint: 'SHA256:1',
      createdAtMs: NOW,
      ...fields,
    })
    expect(await store.sshKeys.insert(key({}))).toBe(true)
    expect(await store.sshKeys.insert(key({ id: 'k2' }))).toBe(false)
    expect(await store.sshKeys.insert(key({ id: 'k3', teamId: 'team-b', fingerprint: 'SHA256:2' }))).toBe(true)
    expect(await store.sshKeys.list('team-a')).toEqual([key({})])
    const running = sandboxFixture({ state: 'paused' })
    const gone = sandboxFixture({ state: 'killing' })
    for (const sandbox of [running, gone]) await store.sandboxes.insert(sandbox)
    expect(await store.sshKeys.findForSandbox(running.id, 'SHA256:1')).toEqual(key({}))
    for (const [id, fingerprint] of [
      [running.id, 'SHA256:2'],
      [gone.id, 'SHA256:1'],
      ["' or 1=1", 'SHA256:1'],
    ] as const) {
      expect(await store.sshKeys.findForSandbox(id, fingerprint)).toBeUndefined()
    }
    expect(await store.sshKeys.remove('team-b', 'k1')).toBe(false)
    expect(await store.sshKeys.remove('team-a', 'k1')).toBe(true)
    expect(await store.sshKeys.findForSandbox(running.id, 'SHA256:1')).toBeUndefined()
  })

  test(`${name} teams find a key by its hash`, async () => {
    await using store = await openWithTeams()
    const key = { id: 'k', teamId: 'team-a', name: 'n', hash: 'h', prefix: 'e2b_', createdAtMs: 1 }
    expect(await store.teams.countKeys()).toBe(0)
    await store.teams.insertKey(key)
    expect(await store.teams.findKeyByHash('h')).toEqual(key)
    expect(await store.teams.findKeyByHash('H')).toBeUndefined()
    expect(await store.teams.countKeys()).toBe(1)
    expect(await store.teams.findFirstTeam()).toMatchObject({ id: 'team-a' })
  })
}

interface ListCase {
  sandboxes: Sandbox[]
  states: SandboxState[]
  metadata: Record<string, string>
  order: 'asc' | 'desc'
  limit: number
  startedAfterMs: number | undefined
}

const shortMetadata = fc.dictionary(fc.constantFrom('k', 'a.b', '"q'), fc.constantFrom('', 'v', '%'), { maxKeys: 2 })

const listCase: fc.Arbitrary<ListCase> = fc.record({
  sandboxes: fc.array(
    fc
      .record({
        state: fc.constantFrom(...SANDBOX_STATES),
        startedAtMs: fc.integer({ min: 0, max: 4 }),
        teamId: fc.constantFrom('team-a', 'team-a', 'team-b'),
        metadata: shortMetadata,
      })
      .map(sandboxFixture),
    { maxLength: 25 },
  ),
  states: fc.subarray<SandboxState>(['running', 'paused', 'pausing'], { minLength: 1 }),
  metadata: shortMetadata,
  order: fc.constantFrom('asc', 'desc'),
  limit: fc.integer({ min: 1, max: 6 }),
  startedAfterMs: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }),
})

async function checkPages(opened: Store, example: ListCase): Promise<void> {
  await using store = opened
  for (const sandbox of example.sandboxes) await store.sandboxes.insert(sandbox)
  const { states, metadata, order, limit, startedAfterMs } = example
  const query: SandboxListQuery = {
    teamId: 'team-a',
    states,
    metadata,
    order,
    limit,
    ...(startedAfterMs === undefined ? {} : { startedAfterMs }),
  }
  const found: Sandbox[] = []
  for (;;) {
    const last = found.at(-1)
    const page = await store.sandboxes.list(last === undefined ? query : { ...query, after: last })
    expect(page.length).toBeLessThanOrEqual(limit)
    found.push(...page)
    if (page.length < limit) break
  }
  expect(found.map(({ id }) => id)).toEqual(expectedOrder(example).map(({ id }) => id))
}

function expectedOrder({ sandboxes, states, metadata, order, startedAfterMs }: ListCase): Sandbox[] {
  const matching = sandboxes.filter(
    (sandbox) =>
      sandbox.teamId === 'team-a' &&
      states.includes(sandbox.state) &&
      sandbox.startedAtMs >= (startedAfterMs ?? 0) &&
      Object.entries(metadata).every(([key, value]) => sandbox.metadata[key] === value),
  )
  const ascending = matching.toSorted((a, b) => a.startedAtMs - b.startedAtMs || (a.id < b.id ? -1 : 1))
  return order === 'asc' ? ascending : ascending.toReversed()
}
