import { spawn } from 'node:child_process'
import { open, rm } from 'node:fs/promises'
import { DrowseError } from '@drowse/protocol'
import type { BootReport } from '../engine.ts'

/** How much of runsc's log an error looks at, in bytes. */
const LOG_TAIL_BYTES = 64 * 1024
/** How much of a watched sandbox's output is kept, in bytes. */
const OUTPUT_TAIL_BYTES = 8 * 1024
/** Exit status with which runsc says that it could not do what it was told. */
const RUNSC_FAILED = 128
/** Said of a run that had no end within its time. */
const TIME_IS_OVER = 'no end within its time'
/** How much of runsc's own words an error repeats, in characters. */
const REASON_LENGTH = 500

/**
 * Flags that go together (measured): systrap needs no KVM, the root is the host's own overlay, sudo needs suid.
 * The sizes of tmpfs mounts follow the limits, and an image restores under others too: a spec that differs is no error.
 * A Sentry whose guest ended closes idle control connections at once; it would wait 10 s for the one that watches it.
 */
const GLOBAL_FLAGS = [
  '--platform=systrap',
  '--network=sandbox',
  '--overlay2=none',
  '--allow-suid',
  '--restore-spec-validation=warning',
  '--control-rpc-stop-timeout=0s',
]

/** One run of the CLI. */
interface RunscCall {
  args: readonly string[]
  /** File that takes what runsc has to say; replaced. */
  logFile: string
  timeoutMs: number
  /** Ends the run; its reason is thrown. */
  signal: AbortSignal
}

/** How a run of the CLI ended. */
interface RunscEnd {
  /** Why it was ended, or could not begin. */
  why?: string | undefined
  /** Its exit status, when it ended by itself. */
  status?: number | undefined
}

/** `runsc` on one state directory. */
export interface Runsc {
  /** Throws "engine_failed" with runsc's reason. */
  (call: RunscCall): Promise<void>
  /** The same for a command that ends with its sandbox; what the sandbox prints is caught. The end of the time is no failure. */
  watch: (call: RunscCall) => Promise<BootReport>
}

/** Binds the binary `path` to a state directory. */
export function createRunsc({ path, stateDirectory }: { path: string; stateDirectory: string }): Runsc {
  const begin = async (call: RunscCall, onOutput?: (data: Buffer) => void): Promise<RunscEnd> => {
    const { args, logFile, timeoutMs, signal } = call
    signal.throwIfAborted()
    await rm(logFile, { force: true })
    const all = [`--root=${stateDirectory}`, ...GLOBAL_FLAGS, `--log=${logFile}`, ...args]
    return await run(path, all, { timeoutMs, signal, onOutput })
  }
  const runsc = async (call: RunscCall): Promise<void> => {
    const end = await begin(call)
    if (end.why !== undefined || end.status !== 0) await fail(call, end)
  }
  const watch = async (call: RunscCall): Promise<BootReport> => {
    let output = Buffer.alloc(0)
    const keep = (data: Buffer): void => {
      output = Buffer.concat([output, data])
      output = output.subarray(Math.max(0, output.length - OUTPUT_TAIL_BYTES))
    }
    const end = await begin(call, keep)
    if (end.status === undefined || end.status === RUNSC_FAILED) {
      if (end.why !== TIME_IS_OVER) await fail(call, end)
      return { output: output.toString() }
    }
    return { exitStatus: end.status, output: output.toString() }
  }
  return Object.assign(runsc, { watch })
}

async function fail({ args, logFile, signal }: RunscCall, { why, status }: RunscEnd): Promise<never> {
  signal.throwIfAborted()
  const reason = (await readReason(logFile)) ?? 'it said nothing'
  throw new DrowseError('engine_failed', `Cannot run "runsc ${args[0] ?? ''}": ${why ?? `exit ${status}`}: ${reason}`)
}

/** Waits for the program. With `onOutput` that gets what the sandbox prints. */
async function run(
  file: string,
  args: readonly string[],
  options: Pick<RunscCall, 'timeoutMs' | 'signal'> & { onOutput: ((data: Buffer) => void) | undefined },
): Promise<RunscEnd> {
  const { timeoutMs, signal, onOutput } = options
  return await new Promise((resolve) => {
    // The sandbox inherits all three: a pipe would never close, and a file would let a guest fill the host's disk. One that is watched ends soon.
    // A session of its own keeps a Ctrl-C meant for the service away from a half-done create.
    const output = onOutput === undefined ? 'ignore' : 'pipe'
    const child = spawn(file, args, { stdio: ['ignore', output, output], detached: true })
    if (onOutput !== undefined) for (const stream of [child.stdout, child.stderr]) stream?.on('data', onOutput)
    let why: string | undefined
    const end = (reason: string): void => {
      why ??= reason
      child.kill('SIGKILL') // of the CLI only; what it started is ended by destroy
    }
    const timer = setTimeout(() => end(TIME_IS_OVER), timeoutMs)
    const onAbort = (): void => end('stopped')
    signal.addEventListener('abort', onAbort, { once: true })
    const settle = (result: RunscEnd): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      for (const stream of [child.stdout, child.stderr]) stream?.destroy()
      resolve(result)
    }
    child.on('error', (error) => settle({ why: error.message }))
    const settleBy = (code: number | null, by: string | null): void =>
      settle({ why: why ?? by ?? undefined, status: code ?? undefined })
    // After its own end all that was printed is in the pipes; after another, what it started may hold them open.
    child.on('close', settleBy)
    child.on('exit', (code, by) => {
      if (code === null) settleBy(code, by)
    })
  })
}

/** The first line of the last message in runsc's log; stack traces behind it are for the file only. */
async function readReason(logFile: string): Promise<string | undefined> {
  const text = await readTail(logFile)
  const messages = [...text.matchAll(/"msg":("(?:[^"\\]|\\.)*")/g)]
  const last = messages.at(-1)?.[1]
  const message = last === undefined ? text : String(JSON.parse(last))
  const reason = message.split(/:?\n/)[0]?.trim().slice(0, REASON_LENGTH)
  return reason === '' ? undefined : reason
}

async function readTail(path: string): Promise<string> {
  let file
  try {
    file = await open(path, 'r')
  } catch {
    return '' // runsc ended before it had anything to log
  }
  try {
    const { size } = await file.stat()
    const length = Math.min(size, LOG_TAIL_BYTES)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}
