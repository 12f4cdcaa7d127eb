import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@drowse/common'
import { FakeNode } from '@drowse/node'
import type { SandboxId } from '@drowse/protocol'
import { createApp } from '../http/app.ts'
import { SandboxMetrics } from '../metrics/sandbox-metrics.ts'
import { SandboxService } from '../sandboxes/service.ts'
import { openSqliteStore } from '../store/database.ts'
import { apiKeyRecord, newApiKey } from '../teams/api-key.ts'
import { TEAM, testRequest } from './harness.ts'

// Measures the control plane alone: `npm run scale -w packages/server` prints figures of
// one run with 10,000 sandboxes over a fake node and a store on disk. Nothing is judged here.

const SANDBOXES = 10_000
const EXPIRING = 1_000
const LISTS = 200
const CREATED_ALONE = 500
const CREATED_AT_ONCE = 50

await main()

async function main(): Promise<void> {
  await using stack = new AsyncDisposableStack()
  stack.adopt(
    setInterval(() => {}, 60_000),
    clearInterval,
  ) // the service's own timers do not hold a process open
  const folder = stack.adopt(await mkdtemp(join(tmpdir(), 'drowse-scale-')), async (path) => {
    await rm(path, { recursive: true })
  })
  const store = stack.use(await openSqliteStore(join(folder, 'drowse.sqlite')))
  await store.teams.insertTeam({ id: TEAM, name: TEAM, createdAtMs: systemClock.nowMs() })
  const node = new FakeNode()
  const options = { store, node, clock: systemClock, logger: silentLogger, maxTimeoutHours: 24 }
  const service = stack.use(new SandboxService(options))
  await service.start()

  const ids: SandboxId[] = []
  const create = async (i: number): Promise<SandboxId> => {
    const request = testRequest({ timeoutS: 3600, autoPause: i % 2 === 0, metadata: { user: `user-${i % 100}` } })
    return (await service.create(TEAM, request)).id
  }
  const alone = performance.now()
  while (ids.length < CREATED_ALONE) ids.push(await create(ids.length))
  print('create, one after the other', (performance.now() - alone) / CREATED_ALONE, 'ms each')
  const together = performance.now()
  while (ids.length < SANDBOXES) {
    ids.push(
      ...(await Promise.all(Array.from({ length: CREATED_AT_ONCE }, async (_, i) => await create(ids.length + i)))),
    )
  }
  print(`create, ${CREATED_AT_ONCE} at once`, (performance.now() - together) / (SANDBOXES - CREATED_ALONE), 'ms each')
  print('memory of the process with them', process.memoryUsage().rss / 2 ** 20, 'MiB')

  await measureLists(stack, service, store, node)
  await measureExpiry(service, ids.slice(0, EXPIRING), 1_000)
  await measureExpiry(service, ids.slice(EXPIRING, 2 * EXPIRING), 0)
  const restarting = performance.now()
  await using again = new SandboxService(options)
  await again.start()
  print('start over them', performance.now() - restarting, 'ms')
}

async function measureLists(
  stack: AsyncDisposableStack,
  sandboxes: SandboxService,
  store: Awaited<ReturnType<typeof openSqliteStore>>,
  node: FakeNode,
): Promise<void> {
  const app = await createApp({
    sandboxes,
    metrics: new SandboxMetrics({ node, clock: systemClock, logger: silentLogger }),
    templates: node,
    teams: store.teams,
    sshKeys: store.sshKeys,
    ssh: { facts: undefined, keyRemoved: () => {} },
    clock: systemClock,
    logger: silentLogger,
    publicDomain: () => 'drowse.localhost',
  })
  stack.defer(async () => await app.close())
  const key = newApiKey()
  await store.teams.insertKey(apiKeyRecord(key, { teamId: TEAM, name: 'scale', nowMs: 0 }))
  for (const query of ['', 'state=paused', 'metadata=user%3Duser-7', 'order=asc&limit=10']) {
    const times: number[] = []
    for (let i = 0; i < LISTS; i++) {
      const startedAtMs = performance.now()
      await app.inject({ url: `/v2/sandboxes?${query}`, headers: { 'x-api-key': key } })
      times.push(performance.now() - startedAtMs)
    }
    print(`list page "${query}", p50`, percentile(times, 0.5), 'ms')
    print(`list page "${query}", p95`, percentile(times, 0.95), 'ms')
  }
}

/** Lets half of them be paused and half be killed, with deadlines evenly over `spreadMs`. */
async function measureExpiry(service: SandboxService, ids: readonly SandboxId[], spreadMs: number): Promise<void> {
  const decided: number[] = []
  const over: number[] = []
  const all = Promise.withResolvers<void>()
  const firstMs = systemClock.nowMs() + 5_000
  const dueMs = new Map(ids.map((id, i) => [id, Math.round(firstMs + (i * spreadMs) / ids.length)]))
  for (const [id, ms] of dueMs) await service.setTimeout(TEAM, id, ms - systemClock.nowMs())
  if (systemClock.nowMs() > firstMs) throw new Error('the deadlines came before they were all set')
  service.onChange(({ id, state }) => {
    const lateMs = systemClock.nowMs() - (dueMs.get(id) ?? NaN)
    if (Number.isNaN(lateMs)) return
    if (state === 'pausing' || state === 'killing') decided.push(lateMs)
    if (state === 'paused' || state === 'killing') over.push(lateMs)
    if (over.length === ids.length) all.resolve()
  })
  await all.promise
  const what = `1,000 expiring within ${spreadMs} ms`
  print(`${what}: decided after the deadline, p50`, percentile(decided, 0.5), 'ms')
  print(`${what}: decided after the deadline, p95`, percentile(decided, 0.95), 'ms')
  print(`${what}: decided after the deadline, last`, Math.max(...decided), 'ms')
  print(`${what}: paused or gone for clients, last`, Math.max(...over), 'ms')
}

function percentile(values: number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(part * (values.length - 1))] ?? NaN
}

function print(what: string, value: number, unit: string): void {
  process.stdout.write(`${what.padEnd(60)} ${value.toFixed(1)} ${unit}\n`)
}
