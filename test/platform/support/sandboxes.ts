import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { NotFoundError, type Sandbox } from 'e2b'
import { pollUntil } from '@drowse/common'

/** Registers sandboxes to be killed after each test of the calling file, whatever happened to them. */
export function killAfterEach(): <T extends { kill(): Promise<unknown> }>(sandbox: T) => T {
  const made: { kill(): Promise<unknown> }[] = []
  afterEach(async () => {
    await Promise.all(made.splice(0).map((sandbox) => sandbox.kill()))
  })
  return (sandbox) => {
    made.push(sandbox)
    return sandbox
  }
}

/** Program that counts in memory and tells the count only when asked by a signal. */
const COUNTER = readFileSync(join(import.meta.dirname, '..', 'python', 'counter.py'), 'utf8')

/** A process inside a sandbox whose state is only in memory. */
export interface Counter {
  pid: number
  /** Asks the process for its count. */
  read(): Promise<{ pid: number; count: number }>
}

/** Starts a counter in a sandbox. */
export async function startCounter(sandbox: Sandbox): Promise<Counter> {
  await sandbox.files.write('/home/user/counter.py', COUNTER)
  // "exec" makes the command's pid the counter's own.
  const { pid } = await sandbox.commands.run('exec python3 /home/user/counter.py', { background: true, timeoutMs: 0 })
  const signal = AbortSignal.timeout(20_000)
  await pollUntil(async () => ((await sandbox.files.exists('/tmp/ready')) ? true : undefined), {
    intervalMs: 20,
    maxIntervalMs: 200,
    signal,
  })
  return {
    pid,
    async read() {
      await sandbox.commands.run(`rm -f /tmp/count; kill -USR1 ${pid}; until [ -e /tmp/count ]; do sleep 0.02; done`)
      const [seen, count] = (await sandbox.files.read('/tmp/count')).split(' ').map(Number)
      return { pid: seen ?? NaN, count: count ?? NaN }
    },
  }
}

/** Waits until `probe` is true, at most `timeoutMs`. */
export async function until(probe: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  await pollUntil(async () => ((await probe()) ? true : undefined), {
    intervalMs: 50,
    maxIntervalMs: 500,
    signal: AbortSignal.timeout(timeoutMs),
  })
}

/** Waits until something inside a sandbox listens on a port. */
export async function untilListening(sandbox: Sandbox, port: number): Promise<void> {
  const look = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}' 2>/dev/null && echo yes || true`
  await until(async () => (await sandbox.commands.run(look)).stdout === 'yes\n')
}

/** Whether the API says that a sandbox does not exist. Any other failure is thrown. */
export async function isGone(sandbox: Sandbox): Promise<boolean> {
  try {
    await sandbox.getInfo()
    return false
  } catch (error) {
    if (error instanceof NotFoundError) return true
    throw error
  }
}
