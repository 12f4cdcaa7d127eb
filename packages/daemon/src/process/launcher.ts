import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { getSystemErrorMessage } from 'node:util'
import { DrowseError } from '@drowse/protocol'
import type { UserDatabase } from '../users/user-database.ts'
import type { LaunchRequest } from './launch-request.ts'
import { actAs } from './native/act-as.ts'
import { ChildWatch } from './native/child-watch.ts'
import { loadLibc, type Libc } from './native/libc.ts'
import { makePipe } from './native/make-pipe.ts'
import { setProcessLimit } from './native/process-limit.ts'
import { openTerminal, type TerminalSize } from './native/pseudo-terminal.ts'
import { SpawnFailure, spawnProgram } from './native/spawn-program.ts'
import type { OutputChunk } from './output-subscription.ts'
import { StdinWriter } from './stdin-writer.ts'
import { Terminal } from './terminal.ts'

/** A process that runs, and the daemon's ends of its stdio. Output streams are paused. */
export interface Launched {
  pid: number
  /** Resolves to the wait status at its end. */
  exited: Promise<number>
  outputs: readonly { source: OutputChunk['source']; stream: Readable }[]
  stdin: StdinWriter | undefined
  terminal: Terminal | undefined
}

/** Errors that say "not now": EAGAIN, ENOMEM. */
const TRANSIENT_ERRORS = new Set([11, 12])

/** Starts processes as users, each in a session of its own. */
export class Launcher implements Disposable {
  readonly #libc: Libc = loadLibc()
  readonly #children = new ChildWatch(this.#libc)
  readonly #users: UserDatabase
  readonly #processLimit: (() => number) | undefined
  #limitSet: number | undefined

  /** `processLimit` says how many processes a user may have; it is asked at each launch, as a restore may change the memory. */
  constructor(users: UserDatabase, processLimit?: () => number) {
    this.#users = users
    this.#processLimit = processLimit
  }

  /**
   * Starts a process. Throws "invalid_argument" when the system refuses to run it, "rate_limited" when it has no room for it.
   */
  launch(request: LaunchRequest): Launched {
    refuseNul(request)
    this.#applyLimit()
    return request.terminal === undefined ? this.#onPipes(request) : this.#onTerminal(request, request.terminal)
  }

  /** Stops noticing the ends of processes. */
  [Symbol.dispose](): void {
    this.#children[Symbol.dispose]()
  }

  #onPipes(request: LaunchRequest): Launched {
    // Each of a child's ends is closed here once it has it; ours only if it does not come to that.
    const theirs: number[] = []
    const ours: number[] = []
    try {
      const { pid, stdin, stdout, stderr } = actAs(this.#libc, request.user, () => {
        const input = request.hasStdin ? this.#pipe(ours, theirs, 'write') : undefined
        const output = this.#pipe(ours, theirs, 'read')
        const errors = this.#pipe(ours, theirs, 'read')
        const pid = this.#spawn(request, [input?.read ?? '/dev/null', output.write, errors.write])
        return { pid, stdin: input?.write, stdout: output.read, stderr: errors.read }
      })
      const exited = this.#children.watch(pid)
      return {
        pid,
        exited,
        outputs: [
          { source: 'stdout', stream: new Socket({ fd: stdout, readable: true, writable: false }) },
          { source: 'stderr', stream: new Socket({ fd: stderr, readable: true, writable: false }) },
        ],
        stdin: stdin === undefined ? undefined : new StdinWriter(new Socket({ fd: stdin, readable: false })),
        terminal: undefined,
      }
    } catch (error) {
      for (const descriptor of ours) closeSync(descriptor)
      throw launchError(request.command, error)
    } finally {
      for (const descriptor of theirs) closeSync(descriptor)
    }
  }

  #onTerminal(request: LaunchRequest, size: TerminalSize): Launched {
    const { user } = request
    const owner = { uid: user.uid, gid: this.#users.findGroup('tty')?.gid ?? user.gid }
    const { descriptor, path } = openTerminal(this.#libc, owner, size)
    try {
      const pid = actAs(this.#libc, user, () => this.#spawn(request, [path, path, path]))
      const exited = this.#children.watch(pid)
      const terminal = new Terminal(this.#libc, descriptor)
      return { pid, exited, outputs: [{ source: 'pty', stream: terminal.output }], stdin: undefined, terminal }
    } catch (error) {
      closeSync(descriptor)
      throw launchError(request.command, error)
    }
  }

  #applyLimit(): void {
    const limit = this.#processLimit?.()
    if (limit === undefined || limit === this.#limitSet) return
    setProcessLimit(this.#libc, limit)
    this.#limitSet = limit
  }

  #pipe(ours: number[], theirs: number[], kept: 'read' | 'write'): { read: number; write: number } {
    const ends = makePipe(this.#libc)
    ours.push(ends[kept])
    theirs.push(ends[kept === 'read' ? 'write' : 'read'])
    return ends
  }

  #spawn({ program, command, args, env, cwd }: LaunchRequest, stdio: readonly (number | string)[]): number {
    return spawnProgram(this.#libc, { program, argv: [command, ...args], env, cwd, stdio })
  }
}

function refuseNul({ command, args, env }: LaunchRequest): void {
  const hasNul = (text: string): boolean => text.includes('\0')
  if (args.some(hasNul) || Object.entries(env).flat().some(hasNul)) {
    throw new DrowseError(
      'invalid_argument',
      `Cannot start process "${command}": arguments and variables must be without null bytes`,
    )
  }
}

function launchError(command: string, error: unknown): unknown {
  if (!(error instanceof SpawnFailure)) return error
  const reason = getSystemErrorMessage(-error.errorNumber)
  const code = TRANSIENT_ERRORS.has(error.errorNumber) ? 'rate_limited' : 'invalid_argument'
  return new DrowseError(code, `Cannot start process "${command}": fork/exec: ${reason}`, { cause: error })
}
