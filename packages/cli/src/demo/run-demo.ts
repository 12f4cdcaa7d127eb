import { Sandbox } from 'e2b'
import { setupError, type ServiceAddresses } from '@drowse/setup'
import { COUNTER_PIPE, COUNTER_SCRIPT, parseReading, type CounterReading } from './counter-script.ts'

/** One step of the demonstration. */
export interface DemoStep {
  name: string
  elapsedMs: number
  note: string
}

const NOTE = 'written before the nap'
const HOME = '/home/user'

/**
 * Drives one sandbox through its life with the official client: create, write, count, pause, read (which wakes it), kill.
 * Calls `onStep` after each step. Throws "setup_failed" that names the step when one fails; the sandbox is gone in any case.
 */
export async function runDemo(
  access: { apiKey: string; addresses: ServiceAddresses },
  onStep: (step: DemoStep) => void,
): Promise<void> {
  const step = async <T>(name: string, work: () => Promise<T>, note: (result: T) => string): Promise<T> => {
    const startMs = performance.now()
    try {
      const result = await work()
      onStep({ name, elapsedMs: performance.now() - startMs, note: note(result) })
      return result
    } catch (error) {
      throw setupError(`The sandbox failed at "${name}": ${(error as Error).message}`, {
        hint: 'Read "sudo ./drowse logs", run "sudo ./drowse doctor".',
        cause: error,
      })
    }
  }
  const sandbox = await step(
    'create()',
    () => createSandbox(access),
    (made) => made.sandboxId,
  )
  try {
    await step(
      'files.write()',
      () => writeFiles(sandbox),
      () => `${HOME}/note.txt`,
    )
    const before = await step('start a counter in memory', () => startCounter(sandbox), describe)
    await step(
      'pause()',
      () => sandbox.pause(),
      () => 'files and memory are on disk; it stays stopped in RAM for a while',
    )
    await step(
      'files.read() wakes it',
      () => readNote(sandbox),
      (text) => JSON.stringify(text),
    )
    const after = await step('ask the counter', () => readCounter(sandbox), describe)
    if (after.pid !== before.pid || after.count < before.count) {
      throw setupError(`The counter did not go on: ${describe(before)}, then ${describe(after)}`, {
        hint: 'Memory was not restored; "sudo ./drowse logs" says why.',
      })
    }
  } catch (error) {
    await sandbox.kill().catch(() => false) // the first failure is the one to report
    throw error
  }
  await step(
    'kill()',
    () => sandbox.kill(),
    () => '',
  )
}

function createSandbox({ apiKey, addresses }: Parameters<typeof runDemo>[0]): Promise<Sandbox> {
  return Sandbox.create({
    apiKey,
    apiUrl: addresses.http,
    sandboxUrl: addresses.http,
    domain: addresses.domain,
    timeoutMs: 120_000,
    lifecycle: { onTimeout: 'pause', autoResume: true },
  })
}

async function writeFiles(sandbox: Sandbox): Promise<void> {
  await sandbox.files.write(`${HOME}/note.txt`, NOTE)
  await sandbox.files.write(`${HOME}/counter.py`, COUNTER_SCRIPT)
}

async function startCounter(sandbox: Sandbox): Promise<CounterReading> {
  await sandbox.commands.run(`python3 ${HOME}/counter.py`, { background: true, timeoutMs: 0 })
  await sandbox.commands.run(`until [ -p ${COUNTER_PIPE} ]; do sleep 0.02; done`, { timeoutMs: 10_000 })
  return readCounter(sandbox)
}

async function readCounter(sandbox: Sandbox): Promise<CounterReading> {
  const { stdout } = await sandbox.commands.run(`head -n 1 ${COUNTER_PIPE}`, { timeoutMs: 10_000 })
  return parseReading(stdout)
}

async function readNote(sandbox: Sandbox): Promise<string> {
  const text = await sandbox.files.read(`${HOME}/note.txt`)
  if (text !== NOTE) throw new Error(`the file holds ${JSON.stringify(text)}`)
  return text
}

function describe({ pid, count }: CounterReading): string {
  return `process ${pid} counted to ${count}`
}
