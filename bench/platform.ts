import { Sandbox } from 'e2b'
import { pollUntil } from '@drowse/common'
import { hostTraces } from '../test/platform/support/host.ts'
import { timed, type Samples } from './samples.ts'
import { HOLD_PROGRAM } from './sizes.ts'

/** Pause between two measured cycles, in ms: what the service does behind an answer is done by then. */
const QUIET_MS = 400

/** Where a wake is to come from: RAM, disk with nothing made ahead, or disk with the sandbox's container made ahead. */
export type Tier = 'frozen' | 'disk' | 'ready'

/** How the tiers are called in the report. */
const TIER_NAMES: Readonly<Record<Tier, string>> = { frozen: 'frozen', disk: 'disk', ready: 'disk, container ready' }

/** Makes a sandbox and has a Python process in it hold `holdMb` MiB of random bytes. */
export async function makeLoadedSandbox(holdMb: number): Promise<Sandbox> {
  const sandbox = await Sandbox.create({
    timeoutMs: 3_600_000,
    lifecycle: { onTimeout: 'pause', autoResume: true },
  })
  if (holdMb === 0) return sandbox
  await sandbox.files.write('/home/user/hold.py', HOLD_PROGRAM)
  await sandbox.commands.run(`exec python3 /home/user/hold.py ${holdMb}`, { background: true, timeoutMs: 0 })
  await pollUntil(async () => ((await sandbox.files.exists('/tmp/held')) ? true : undefined), {
    intervalMs: 50,
    maxIntervalMs: 500,
    signal: AbortSignal.timeout(120_000),
  })
  return sandbox
}

/** Measures creates, each after a pool had time to fill again. One more comes first and is not counted. */
export async function measureCreates(
  samples: Samples,
  name: string,
  repetitions: number,
  signal: AbortSignal,
): Promise<void> {
  for (let index = 0; index <= repetitions; index++) {
    signal.throwIfAborted()
    const sandbox = await timed(index === 0 ? new Map() : samples, name, () => Sandbox.create({ timeoutMs: 300_000 }))
    await timed(index === 0 ? new Map() : samples, 'kill()', () => sandbox.kill())
    await settled(sandbox.sandboxId)
    await quiet(QUIET_MS * 3)
  }
}

/** Measures what a running sandbox answers. */
export async function measureRunning(samples: Samples, sandbox: Sandbox, repetitions: number): Promise<void> {
  for (let index = 0; index < repetitions; index++) {
    await timed(samples, "commands.run('true')", () => sandbox.commands.run('true'))
    await timed(samples, 'connect() to a running one', () => sandbox.connect())
    await timed(samples, 'request to a running one', () => request(sandbox))
  }
}

/** Pauses and wakes a sandbox three times: by `connect()`, by a request through the gateway, and by reading a file. */
export async function measureCycle(samples: Samples, sandbox: Sandbox, tier: Tier): Promise<void> {
  for (const [name, wake] of [
    [`connect() from ${TIER_NAMES[tier]}`, () => sandbox.connect()],
    [`first byte from ${TIER_NAMES[tier]}`, () => request(sandbox)],
    [`files.read() from ${TIER_NAMES[tier]}`, () => sandbox.files.read('/etc/hostname')],
  ] as const) {
    await timed(samples, tier === 'frozen' ? 'pause(), then frozen' : 'pause(), then on disk', () => sandbox.pause())
    if (tier !== 'frozen') await settled(sandbox.sandboxId)
    if (tier === 'ready') await made(sandbox.sandboxId)
    await quiet(QUIET_MS)
    const hasProcesses = (await processes(sandbox.sandboxId)) > 0
    if (hasProcesses === (tier === 'disk'))
      throw new Error(`the paused sandbox has ${hasProcesses ? '' : 'no '}processes`)
    await timed(samples, name, async () => void (await wake()))
    await quiet(QUIET_MS)
  }
}

/** One request through the gateway to the server inside that always runs: the daemon's health check. */
async function request(sandbox: Sandbox): Promise<void> {
  const response = await fetch(`${process.env.E2B_SANDBOX_URL}/health`, {
    headers: {
      'E2b-Sandbox-Id': sandbox.sandboxId,
      'E2b-Sandbox-Port': '49983',
      'X-Access-Token': sandbox['envdAccessToken'] ?? '',
    },
  })
  await response.arrayBuffer()
  if (!response.ok) throw new Error(`the request was answered with ${response.status}`)
}

/** How many runsc processes a sandbox has. */
async function processes(id: string): Promise<number> {
  return (await hostTraces(id)).filter((line) => line.startsWith('process') && line.includes('--root=')).length
}

/** Waits until no process of a sandbox is left. */
async function settled(id: string): Promise<void> {
  await pollUntil(async () => ((await processes(id)) === 0 ? true : undefined), {
    intervalMs: 50,
    maxIntervalMs: 100,
    signal: AbortSignal.timeout(60_000),
  })
}

/** Waits until a sandbox without processes has a container again, seen twice: the command that makes it is seen for a moment too, and goes. */
async function made(id: string): Promise<void> {
  await pollUntil(
    async () => {
      if ((await processes(id)) === 0) return undefined
      await quiet(QUIET_MS)
      return (await processes(id)) > 0 ? true : undefined
    },
    { intervalMs: 50, maxIntervalMs: 100, signal: AbortSignal.timeout(60_000) },
  )
}

async function quiet(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
