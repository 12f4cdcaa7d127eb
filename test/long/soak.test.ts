import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { instanceName } from '@drowse/node'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientEnvironment, drowse, type Installation } from '../platform/support/drowse.ts'
import { makeInstallation, removeInstallation } from '../platform/support/installation.ts'
import { detailOf } from '../platform/support/inspect.ts'
import { killAfterEach, until } from '../platform/support/sandboxes.ts'
import { liveHeap, type LiveHeap } from './support/live-heap.ts'

const SANDBOXES = 50
const MINUTES = 5
/** Sandboxes that are put to sleep and woken at the same time. */
const WORKERS = 4
/** About half of the sandboxes fit, so that wakes come from both tiers. */
const FROZEN_MEMORY_MB = 1024

/** What the host spends on the installation. */
interface Footprint {
  engineProcesses: number
  mounts: number
  namespaces: number
  serviceFiles: number
  /** The same by what they are, to find what grows. */
  serviceFilesByKind: Record<string, number>
  serviceMemoryMb: number
  /** What is in use of its memory after a collection. */
  serviceHeap: LiveHeap
}

describe(`${SANDBOXES} sandboxes through pause and wake for ${MINUTES} minutes`, () => {
  const keep = killAfterEach()
  let installation: Installation
  let ownEnv: NodeJS.ProcessEnv

  beforeAll(async () => {
    ownEnv = { ...process.env }
    installation = await makeInstallation(
      { httpPort: 24_410, httpsPort: 24_443, subnet: '10.236.128.0/18' },
      { DROWSE_FROZEN_MEMORY_MB: String(FROZEN_MEMORY_MB), DROWSE_MEMORY_MB: '512', DROWSE_CPU_OVERCOMMIT: '64' },
    )
    await drowse(installation, ['up'])
    Object.assign(process.env, await clientEnvironment(installation))
  })
  afterAll(async () => {
    process.env = ownEnv
    await removeInstallation(installation)
  })

  it(
    'leave nothing behind: processes, mounts, namespaces, open files and memory do not grow',
    { timeout: 1_200_000 },
    async () => {
      const sandboxes: Sandbox[] = []
      for (let index = 0; index < SANDBOXES; index++) {
        const sandbox = keep(
          await Sandbox.create({ timeoutMs: 3_600_000, lifecycle: { onTimeout: 'pause', autoResume: true } }),
        )
        await sandbox.files.write('mine.txt', String(index))
        await sandbox.pause()
        sandboxes.push(sandbox)
      }
      await settle(sandboxes)
      // One round first: pools, connections and compiled code are there then.
      const first = await cycle(sandboxes, Date.now() + 60_000)
      await settle(sandboxes)
      const before = await quietFootprint(installation)
      const main = await cycle(sandboxes, Date.now() + MINUTES * 60_000)
      await settle(sandboxes)
      const after = await quietFootprint(installation)

      const figures = { sandboxes: SANDBOXES, minutes: MINUTES, warmUp: first, main, before, after }
      await report(figures)
      expect(main.cycles).toBeGreaterThan(SANDBOXES)
      expect(after.mounts - before.mounts).toBeLessThanOrEqual(2)
      expect(after.namespaces - before.namespaces).toBeLessThanOrEqual(2)
      // How many of the sandboxes are frozen just now differs by a few.
      expect(after.engineProcesses - before.engineProcesses).toBeLessThanOrEqual(16)
      expect(after.serviceFiles - before.serviceFiles).toBeLessThanOrEqual(8)
      // Not resident memory: that is also what V8 has not given back yet.
      expect(after.serviceHeap.usedMb - before.serviceHeap.usedMb).toBeLessThanOrEqual(4)
      expect(after.serviceHeap.backingMb - before.serviceHeap.backingMb).toBeLessThanOrEqual(4)
    },
  )

  /** Wakes, checks and pauses sandboxes until the time has come. */
  async function cycle(sandboxes: readonly Sandbox[], endMs: number): Promise<{ cycles: number; fromFrozen: number }> {
    let cycles = 0
    let fromFrozen = 0
    const work = async (worker: number): Promise<void> => {
      // Each worker has sandboxes of its own, so that no two have the same.
      const own = [...sandboxes.keys()].filter((index) => index % WORKERS === worker)
      // Every sandbox twice in a row: the first wake finds the one that slept longest, on disk, the second one that has just gone to sleep, in RAM.
      for (let turn = 0; Date.now() < endMs; turn++) {
        const index = own[Math.floor(turn / 2) % own.length]!
        const sandbox = sandboxes[index]!
        if ((await detailOf(sandbox.sandboxId)).drowse.tier === 'frozen') fromFrozen++
        // By call and by traffic.
        if (cycles % 3 === 0) await sandbox.connect({ timeoutMs: 3_600_000 })
        expect(await sandbox.files.read('mine.txt')).toBe(String(index))
        await sandbox.pause()
        cycles++
      }
    }
    await Promise.all(Array.from({ length: WORKERS }, async (_, worker) => await work(worker)))
    return { cycles, fromFrozen }
  }

  async function settle(sandboxes: readonly Sandbox[]): Promise<void> {
    await until(async () => {
      const details = await Promise.all(sandboxes.map(async ({ sandboxId }) => await detailOf(sandboxId)))
      const frozen = details.filter(({ drowse }) => drowse.tier === 'frozen').length
      // Two processes each: what falls to disk has ended. Two more sandboxes may be in the pool.
      return (
        enginesOf(installation.data) <= (frozen + 2) * 2 && readdirSync(join(installation.data, 'trash')).length === 0
      )
    }, 60_000)
  }
})

/** The footprint at the quietest of some moments: the service's housekeeping opens many files for an instant. */
async function quietFootprint(installation: Installation): Promise<Footprint> {
  // First, as the inspector's own files stay open from here on.
  const serviceHeap = await liveHeap(servicePid(installation))
  let quietest = momentaryFootprint(installation)
  for (let sample = 0; sample < 20; sample++) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    const next = momentaryFootprint(installation)
    if (next.serviceFiles < quietest.serviceFiles) quietest = next
  }
  return { ...quietest, serviceHeap }
}

function momentaryFootprint({ data }: Installation): Omit<Footprint, 'serviceHeap'> {
  const pid = servicePid({ data })
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    engineProcesses: enginesOf(data),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(`${data}/`)).length,
    namespaces: readdirSync('/run/netns').filter((name) => name.startsWith(`drowse-${instanceName(data)}-`)).length,
    serviceFiles: readdirSync(`/proc/${pid}/fd`).length,
    serviceFilesByKind: filesByKind(pid),
    serviceMemoryMb: Math.round(Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1024),
  }
}

function servicePid({ data }: Pick<Installation, 'data'>): number {
  return (JSON.parse(readFileSync(join(data, 'run', 'service.json'), 'utf8')) as { pid: number }).pid
}

function filesByKind(pid: number): Record<string, number> {
  const kinds: Record<string, number> = {}
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const kind = basename(readlinkSync(`/proc/${pid}/fd/${fd}`)).replaceAll(/\d+/g, 'n')
      kinds[kind] = (kinds[kind] ?? 0) + 1
    } catch {
      // closed between the listing and the look
    }
  }
  return kinds
}

function enginesOf(data: string): number {
  return readdirSync('/proc').filter((name) => {
    try {
      return (
        /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').includes(`--root=${data}/runsc`)
      )
    } catch {
      return false // it ended between the listing and the read
    }
  }).length
}

/** Prints the figures, and keeps them where docs/reliability.md takes them from. */
async function report(figures: object): Promise<void> {
  const text = JSON.stringify(figures, null, 2)
  process.stdout.write(`${text}\n`)
  const folder = join(import.meta.dirname, '..', '..', '.cache')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'soak.json'), text)
}
