import type { Readable } from 'node:stream'
import type { ProcessConfig } from '@drowse/protocol'
import { startAwakeTimer } from './awake-timer.ts'
import { exitStatus, type ExitStatus } from './exit-status.ts'
import type { Launched } from './launcher.ts'
import { killGroup } from './kill-group.ts'
import { killOne } from './kill-one.ts'
import { OutputFanOut } from './output-fan-out.ts'
import type { OutputChunk } from './output-subscription.ts'
import { sessionMembers } from './session-members.ts'
import type { StdinWriter } from './stdin-writer.ts'
import type { Terminal } from './terminal.ts'

/** Largest piece of output in one event, in bytes (wire.md §3.2), from a pipe and from a terminal. */
const CHUNK_BYTES = 32 * 1024
const TERMINAL_CHUNK_BYTES = 16 * 1024
/** Silence, in ms, after which output of a finished process counts as complete though others hold its pipes open. */
const DRAIN_QUIET_MS = 500
/** More than a pipe can hold: after this much, output comes from background children that outlive the process. */
const DRAIN_MAX_BYTES = 1024 * 1024

/** What the process table knows of a process besides how it runs. */
export interface ProcessIdentity {
  config: ProcessConfig
  tag: string | undefined
}

/**
 * One process that the daemon started, from its first to its last output.
 *
 * It ends when the process has exited and its output is complete: its pipes or terminal at their end, or, when background children keep
 * them open, silence for half a second. Such children live on; what they print later to a pipe is discarded, a terminal is gone.
 */
export class RunningProcess {
  readonly pid: number
  readonly identity: ProcessIdentity
  readonly output: OutputFanOut
  /** Resolves at the end, never rejects. */
  readonly ended: Promise<ExitStatus>
  readonly stdin: StdinWriter | undefined
  readonly terminal: Terminal | undefined
  /** Resolves when the process itself has ended, never rejects. */
  readonly exited: Promise<void>
  readonly #streams: readonly Readable[]
  #status: ExitStatus | undefined
  #openStreams: number
  #drainedBytes = 0
  #isHeld = false
  #quietTimer: NodeJS.Timeout | undefined
  #cancelDeadline: (() => void) | undefined
  #finish: (status: ExitStatus) => void = () => undefined

  constructor(launched: Launched, identity: ProcessIdentity) {
    this.pid = launched.pid
    this.identity = identity
    this.stdin = launched.stdin
    this.terminal = launched.terminal
    this.#streams = launched.outputs.map(({ stream }) => stream)
    this.#openStreams = this.#streams.length
    this.output = new OutputFanOut((isHeld) => this.#hold(isHeld))
    this.ended = new Promise((resolve) => (this.#finish = resolve))
    this.exited = launched.exited.then((waitStatus) => this.#exited(exitStatus(waitStatus)))
    for (const { stream, source } of launched.outputs) this.#read(stream, source)
  }

  /**
   * Signals the process and its group; on a terminal all of its session, as a shell's jobs have groups of their own and not every kernel
   * hangs up on them. False when it has exited.
   */
  signal(signal: NodeJS.Signals): boolean {
    if (this.#status !== undefined) return false
    if (this.terminal !== undefined) {
      for (const pid of sessionMembers(this.pid)) killOne(pid, signal)
    }
    const isSent = signal === 'SIGKILL' ? killGroup(this.pid) : killOne(-this.pid, signal)
    // Without a group of that name, the process has moved to another.
    return isSent || killOne(this.pid, signal)
  }

  /** Kills the process and its group after `delayMs` of the sandbox being awake, unless it has ended. */
  killAfter(delayMs: number): void {
    this.#cancelDeadline = startAwakeTimer(delayMs, () => this.signal('SIGKILL'))
  }

  #read(stream: Readable, source: OutputChunk['source']): void {
    stream.on('data', (data: Buffer) => this.#received(data, source))
    // A read error (the other end reset) ends the stream; its close event says so.
    stream.on('error', () => undefined)
    stream.once('close', () => {
      this.#openStreams--
      this.#settle()
    })
  }

  #received(data: Buffer, source: OutputChunk['source']): void {
    const most = source === 'pty' ? TERMINAL_CHUNK_BYTES : CHUNK_BYTES
    for (let start = 0; start < data.length; start += most) {
      this.output.publish({ source, data: data.subarray(start, start + most) })
    }
    if (this.#status !== undefined) {
      this.#drainedBytes += data.length
      this.#settle()
    }
  }

  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    for (const stream of this.#streams) {
      if (isHeld) stream.pause()
      else stream.resume()
    }
    this.#settle()
  }

  #exited(status: ExitStatus): void {
    this.#status = status
    this.#cancelDeadline?.()
    this.stdin?.processEnded()
    this.#settle()
  }

  #settle(): void {
    if (this.#status === undefined) return
    clearTimeout(this.#quietTimer)
    if (this.#openStreams === 0 || this.#drainedBytes > DRAIN_MAX_BYTES) this.#end(this.#status)
    else if (!this.#isHeld) this.#quietTimer = setTimeout((status) => this.#end(status), DRAIN_QUIET_MS, this.#status)
  }

  #end(status: ExitStatus): void {
    this.output.end(status)
    this.terminal?.close()
    this.#finish(status)
  }
}
