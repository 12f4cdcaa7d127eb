import { DrowseError, type ProcessConfig, type ProcessSelector } from '@drowse/protocol'
import type { User } from '../users/user-database.ts'
import type { ExitStatus } from './exit-status.ts'
import { findProgram } from './find-program.ts'
import type { Launcher } from './launcher.ts'
import type { TerminalSize } from './native/pseudo-terminal.ts'
import { RunningProcess, type ProcessIdentity } from './running-process.ts'

/** How long, in ms, the end of a process is kept for a late Connect (wire.md §7). */
const RETAIN_END_MS = 30_000

/** A process that has ended a moment ago. */
export interface EndedProcess {
  pid: number
  identity: ProcessIdentity
  status: ExitStatus
}

/** What {@link ProcessTable.start} runs. */
export interface StartOptions extends ProcessIdentity {
  user: User
  /** An existing directory. */
  cwd: string
  env: Record<string, string>
  hasStdin: boolean
  terminal: TerminalSize | undefined
}

/** All processes that the daemon has started and that run, and for 30 s those that ended. */
export class ProcessTable {
  readonly #launcher: Launcher
  readonly #running = new Map<number, RunningProcess>()
  readonly #ended = new Map<number, EndedProcess>()

  constructor(launcher: Launcher) {
    this.#launcher = launcher
  }

  /** Starts a process; it does not depend on the request that asked for it. Throws "invalid_argument" when it cannot run. */
  start(options: StartOptions): RunningProcess {
    const { cmd, args } = options.config
    const program = findProgram(cmd, options.env['PATH'] ?? '', options.cwd)
    const { user, cwd, env, hasStdin, terminal } = options
    const launched = this.#launcher.launch({ command: cmd, program, args, cwd, env, user, hasStdin, terminal })
    const started = new RunningProcess(launched, { config: options.config, tag: options.tag })
    this.#ended.delete(started.pid)
    this.#running.set(started.pid, started)
    void started.ended.then((status) => this.#retire(started, status))
    return started
  }

  /** The processes that run. */
  list(): { pid: number; config: ProcessConfig; tag: string | undefined }[] {
    return [...this.#running.values()].map(({ pid, identity }) => ({ pid, ...identity }))
  }

  /** The running process that a selector names. Throws "not_found", or "invalid_argument" for an empty selector. */
  get(selector: ProcessSelector | undefined): RunningProcess {
    const found = select(this.#running.values(), selector)
    if (found === undefined) throw notFound(selector)
    return found
  }

  /** As {@link get}, but a process that has just ended is found too. */
  getOrEnded(selector: ProcessSelector | undefined): RunningProcess | EndedProcess {
    const found = select(this.#running.values(), selector) ?? select(this.#ended.values(), selector)
    if (found === undefined) throw notFound(selector)
    return found
  }

  /** Drops all readers of output: their connections belong to a time before the sandbox slept. */
  dropSubscribers(reason: string): void {
    for (const running of this.#running.values()) running.output.dropSubscribers(reason)
  }

  /** Kills everything that runs and resolves when it has ended. For the end of the daemon. */
  async killAll(): Promise<void> {
    const all = [...this.#running.values()]
    for (const running of all) running.signal('SIGKILL')
    await Promise.all(all.map((running) => running.exited))
  }

  #retire(running: RunningProcess, status: ExitStatus): void {
    if (this.#running.get(running.pid) === running) this.#running.delete(running.pid)
    const ended = { pid: running.pid, identity: running.identity, status }
    this.#ended.set(ended.pid, ended)
    const timer = setTimeout(() => {
      if (this.#ended.get(ended.pid) === ended) this.#ended.delete(ended.pid)
    }, RETAIN_END_MS)
    timer.unref()
  }
}

function select<T extends { pid: number; identity: ProcessIdentity }>(
  processes: Iterable<T>,
  selector: ProcessSelector | undefined,
): T | undefined {
  const choice = selector?.selector
  if (choice?.case === undefined) {
    throw new DrowseError('invalid_argument', 'Cannot select process: neither pid nor tag is given')
  }
  for (const candidate of processes) {
    const isMatch = choice.case === 'pid' ? candidate.pid === choice.value : candidate.identity.tag === choice.value
    if (isMatch) return candidate
  }
  return undefined
}

function notFound(selector: ProcessSelector | undefined): DrowseError {
  const choice = selector?.selector
  return new DrowseError('not_found', `process with ${choice?.case ?? 'pid'} ${choice?.value ?? ''} not found`)
}
