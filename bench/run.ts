import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { clientEnvironment, drowse, type Installation } from '../test/platform/support/drowse.ts'
import { makeInstallation, removeInstallation } from '../test/platform/support/installation.ts'
import { hugePages, machineFacts } from './machine.ts'
import { makeLoadedSandbox, measureCreates, measureCycle, measureRunning, type Tier } from './platform.ts'
import { rawCycle } from './raw/raw-cycles.ts'
import { RawSandbox } from './raw/raw-sandbox.ts'
import { report, type SizeResult } from './report.ts'
import { MEMORY_MB, SIZES, sizeName } from './sizes.ts'
import { tell } from './tell.ts'

const USAGE = `Measures pauses and wakes through the official client, beside raw runsc doing the same. Needs root.
  node --conditions=source bench/run.ts [--tier frozen|disk|ready] [--repetitions <count>] [--size <index>]
A table in markdown goes to standard output, progress to standard error. It has an installation of its own, and removes it.`

/** Settings that make a wake come from the tier. With "disk" nothing is made ahead; with "ready" the time to stay frozen is over at once. */
const SETTINGS: Readonly<Record<Tier, Record<string, string>>> = {
  frozen: {},
  disk: { DROWSE_FROZEN_MEMORY_MB: '0', DROWSE_POOL_SIZE: '0', DROWSE_READY_CONTAINERS: '0' },
  ready: { DROWSE_FROZEN_MINUTES: '0.000001', DROWSE_POOL_SIZE: '0' },
}

interface Plan {
  tiers: Tier[]
  results: SizeResult[]
}

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => stop.abort(new Error(`ended by ${signal}`)))
}
const plan = readPlan()
if (plan !== undefined) await main(plan)

async function main(plan: Plan): Promise<void> {
  // The assets that "drowse test" made, when there are some; without them "up" builds its own.
  process.env.DROWSE_TEST_ASSETS ??= join(import.meta.dirname, '..', '.cache', 'assets')
  const installation = await makeInstallation(
    { httpPort: 24_110, httpsPort: 24_143, subnet: '10.236.0.0/17' },
    { DROWSE_MEMORY_MB: String(MEMORY_MB) },
  )
  try {
    const facts = await machineFacts(await asset(installation, 'engine'))
    try {
      // Not raced with the signal: what is being measured removes its raw sandbox by the installation's own runsc first.
      for (const tier of plan.tiers) {
        await measureTier(installation, tier, plan.results)
        facts.push(`huge pages of shared memory after the tier "${tier}": ${hugePages()}`)
      }
    } finally {
      // Also what was measured until something failed.
      process.stdout.write(report(facts, plan.results))
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
    tell(String(stop.signal.reason))
    process.exitCode = 130
  } finally {
    tell('removing the installation')
    await removeInstallation(installation)
  }
}

async function measureTier(base: Installation, tier: Tier, results: readonly SizeResult[]): Promise<void> {
  const installation = { ...base, env: { ...base.env, ...SETTINGS[tier] } }
  tell(`starting a service for the tier "${tier}"`)
  await drowse(installation, ['down'])
  await drowse(installation, ['up'])
  Object.assign(process.env, await clientEnvironment(installation))
  const smallest = results.find(({ size }) => size.holdMb === 0)
  if (smallest !== undefined && tier !== 'ready') {
    tell('creating')
    const name = tier === 'frozen' ? 'create(), pool' : 'create(), no pool'
    await measureCreates(smallest.platform, name, smallest.size.repetitions, stop.signal)
  }
  for (const result of results) await measureSize(installation, tier, result)
}

async function measureSize(installation: Installation, tier: Tier, result: SizeResult): Promise<void> {
  const { size, platform, raw } = result
  const directory = await mkdtemp('/var/tmp/drowse-bench-raw-')
  const sandbox = await makeLoadedSandbox(size.holdMb)
  try {
    await using rawSandbox = new RawSandbox({ ...(await rawSources(installation)), directory, holdMb: size.holdMb })
    await rawSandbox.prepare()
    await rawSandbox.address()
    await rawSandbox.create()
    await rawSandbox.start()
    for (let index = 0; index < size.repetitions; index++) {
      tell(`${sizeName(size)}, ${tier}: ${index + 1} of ${size.repetitions}`)
      await measureCycle(platform, sandbox, tier)
      stop.signal.throwIfAborted()
      result.imageBytes = await rawCycle(rawSandbox, directory, raw)
      stop.signal.throwIfAborted()
    }
    if (tier === 'disk') await measureRunning(platform, sandbox, size.repetitions)
  } finally {
    await rm(directory, { recursive: true, force: true })
    await sandbox.kill()
  }
}

async function rawSources(installation: Installation): Promise<{
  runsc: string
  layer: string
  guestDirectory: string
  name: string
  memoryMb: number
  cpuCount: number
}> {
  const template = join(installation.data, 'templates', 'base', 'template.json')
  const { layers } = JSON.parse(await readFile(template, 'utf8')) as { layers: string[] }
  return {
    runsc: (await asset(installation, 'engine')).path,
    guestDirectory: (await asset(installation, 'guest')).path,
    layer: join(installation.data, 'layers', layers.at(-1) ?? '', 'root'),
    name: `drowse-bench-${process.pid}`,
    memoryMb: MEMORY_MB,
    cpuCount: 2,
  }
}

async function asset(
  { data }: Installation,
  kind: 'engine' | 'guest',
): Promise<{ path: string; sha256: string; source: string }> {
  // Written by setup; the guest's has no source, which nobody asks for.
  return JSON.parse(await readFile(join(data, kind, 'current.json'), 'utf8')) as {
    path: string
    sha256: string
    source: string
  }
}

function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      tier: { type: 'string' },
      repetitions: { type: 'string' },
      size: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true || process.getuid?.() !== 0) {
    process.stderr.write(`${USAGE}\n`)
    process.exitCode = values.help === true ? 0 : 2
    return undefined
  }
  const sizes = SIZES.filter((_, index) => values.size === undefined || index === Number(values.size))
  return {
    tiers: (['frozen', 'disk', 'ready'] as const).filter((tier) => values.tier === undefined || tier === values.tier),
    results: sizes.map((size) => ({
      size: { ...size, repetitions: Number(values.repetitions ?? size.repetitions) },
      imageBytes: 0,
      platform: new Map(),
      raw: new Map(),
    })),
  }
}
