import { spawn } from 'node:child_process'
import { open, rm } from 'node:fs/promises'
import { DrowseError } from '@drowse/protocol'

/** How much of runsc's log an error looks at, in bytes. */
const LOG_TAIL_BYTES = 64 * 1024
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

/** Runs `runsc` on one state directory. */
export type Runsc = (call: RunscCall) => Promise<void>

/** Binds the binary `path` to a state directory. The returned function throws "engine_failed" with runsc's reason. */
export function createRunsc({ path, stateDirectory }: { path: string; stateDirectory: string }): Runsc {
  return async ({ args, logFile, timeoutMs, signal }) => {
    signal.throwIfAborted()
    await rm(logFile, { force: true })
    const end = await run(path, [`--root=${stateDirectory}`, ...GLOBAL_FLAGS, `--log=${logFile}`, ...args], {
      timeoutMs,
      signal,
    })
    if (end === undefined) return
    signal.throwIfAborted()
    const reason = (await readReason(logFile)) ?? 'it said nothing'
    throw new DrowseError('engine_failed', `Cannot run "runsc ${args[0] ?? ''}": ${end}: ${reason}`)
  }
}

/** Waits for the program and says how it failed, or `undefined`. */
async function run(
  file: string,
  args: readonly string[],
  { timeoutMs, signal }: Pick<RunscCall, 'timeoutMs' | 'signal'>,
): Promise<string | undefined> {
  return await new Promise((resolve) => {
    // The sandbox inherits all three: a pipe would never close, and a file would let a guest fill the host's disk.
    // A session of its own keeps a Ctrl-C meant for the service away from a half-done create.
    const child = spawn(file, args, { stdio: 'ignore', detached: true })
    let why: string | undefined
    const end = (reason: string): void => {
      why ??= reason
      child.kill('SIGKILL') // of the CLI only; what it started is ended by destroy
    }
    const timer = setTimeout(() => end(`no end after ${timeoutMs} ms`), timeoutMs)
    const onAbort = (): void => end('stopped')
    signal.addEventListener('abort', onAbort, { once: true })
    const settle = (result: string | undefined): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      resolve(result)
    }
    child.on('error', (error) => settle(error.message))
    child.on('exit', (code, signalName) => settle(code === 0 ? why : (why ?? `exit ${code ?? signalName ?? ''}`)))
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
