import { Sandbox } from 'e2b'
import { pollUntil } from '@drowse/common'
import { hostTraces } from '../test/platform/support/host.ts'
import { startQuietly } from '../test/platform/support/start-quietly.ts'
import { timed, type Samples } from './samples.ts'
import { HOLD_PROGRAM } from './sizes.ts'

/** Pause between two measured cycles, in ms: what the service does behind an answer is done by then. */
const QUIET_MS = 400

/** Which tier a wake is to come from. */
export type Tier = 'frozen' | 'disk'

/** Makes a sandbox and has a Python process in it hold `holdMb` MiB of random bytes. */
export async function makeLoadedSandbox(holdMb: number): Promise<Sandbox> {
  const sandbox = await Sandbox.create({
    timeoutMs: 3_600_000,
    lifecycle: { onTimeout: 'pause', autoResume: true },
  })
  if (holdMb === 0) return sandbox
  await sandbox.files.write('/home/user/hold.py', HOLD_PROGRAM)
  await startQuietly(sandbox, `exec python3 /home/user/hold.py ${holdMb}`)
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

/** Pauses and wakes a sandbox twice: by `connect()`, and by a request through the gateway. */
export async function measureCycle(samples: Samples, sandbox: Sandbox, tier: Tier): Promise<void> {
  for (const [name, wake] of [
    [`connect() from ${tier}`, () => sandbox.connect()],
    [`first byte from ${tier}`, () => request(sandbox)],
    [`files.read() from ${tier}`, () => sandbox.files.read('/etc/hostname')],
  ] as const) {
    await timed(samples, tier === 'frozen' ? 'pause(), then frozen' : 'pause(), then on disk', () => sandbox.pause())
    if (tier === 'disk') await settled(sandbox.sandboxId)
    await quiet(QUIET_MS)
    const isFrozen = (await processes(sandbox.sandboxId)) > 0
    if (isFrozen !== (tier === 'frozen')) throw new Error(`the paused sandbox is ${isFrozen ? '' : 'not '}frozen`)
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

async function quiet(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
