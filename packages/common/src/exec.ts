import { DrowseError } from '@drowse/protocol'
import { execa, type Options } from 'execa'

/** Most output, in bytes, that one run may give before it is ended. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024
/** Time, in ms, that a run has between TERM and KILL. */
const KILL_DELAY_MS = 2_000
/** How much of stderr an error repeats, in characters. */
const STDERR_TAIL = 2_000

/** How to run a program with {@link exec}. */
export interface ExecOptions {
  /** Ends the program after this long, in ms. Default 60,000. */
  timeoutMs?: number
  cwd?: string
  /** Added to this process's environment. */
  env?: Record<string, string>
  input?: string
  signal?: AbortSignal
  /** Called with each line of stdout and stderr as it comes. */
  onLine?: (line: string) => void
}

/** What a program that ended with status 0 printed. */
export interface ExecResult {
  stdout: string
  stderr: string
}

/**
 * Runs a program by an argument list (never a shell) and waits for its end.
 * Throws `DrowseError` "exec_failed" with the command and the tail of stderr when it fails, is stopped or takes too long.
 */
export async function exec(file: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const settings: Options = {
    reject: false,
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    timeout: options.timeoutMs ?? 60_000,
    forceKillAfterDelay: KILL_DELAY_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
    all: options.onLine !== undefined,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  }
  const child = execa(file, [...args], settings)
  if (options.onLine !== undefined) {
    for await (const line of child.iterable({ from: 'all' } as const)) options.onLine(String(line))
  }
  const result = await child
  const stdout = String(result.stdout ?? '')
  const stderr = String(result.stderr ?? '')
  if (result.failed) {
    const why = result.timedOut
      ? `no end after ${options.timeoutMs ?? 60_000} ms`
      : (result.signalDescription ??
        (result.exitCode === undefined ? (result.code ?? 'not started') : `exit ${result.exitCode}`))
    throw new DrowseError(
      'exec_failed',
      `Cannot run "${[file, ...args].join(' ')}": ${why}: ${(stderr || stdout).trim().slice(-STDERR_TAIL)}`,
      {
        cause: result,
      },
    )
  }
  return { stdout, stderr }
}
