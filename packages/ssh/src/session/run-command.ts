import { deadline, raceSignal } from '@drowse/common'
import type { ServerChannel } from 'ssh2'
import { channelChunks } from '../channel/channel-chunks.ts'
import type { ChannelContext } from '../channel/channel-context.ts'
import { ChannelWriter } from '../channel/channel-writer.ts'
import { failureText, STOP_TEXTS } from '../channel/failure-text.ts'
import { GuestProcess } from '../guest/guest-process.ts'
import type { StopCause } from '../sandbox-access.ts'
import { EXIT_LOST, exitReport, type ExitReport } from './exit-report.ts'
import type { Program } from './login-shell.ts'
import type { SessionState } from './serve-session.ts'
import type { TerminalSize } from './terminal-size.ts'

/** Signals that a client may have sent, by SSH's names. */
const SIGNALS = new Set(['ABRT', 'ALRM', 'HUP', 'INT', 'KILL', 'PIPE', 'QUIT', 'TERM', 'USR1', 'USR2'])
/** Longest time, in ms, until the daemon says that a program runs; as clients wait (wire.md §3.2). */
const START_LIMIT_MS = 60_000
/** Signals and sizes that may wait to be passed on; more are dropped. */
const MAX_WAITING_CONTROLS = 32

/** What {@link runCommand} runs, and where. */
export interface CommandOptions {
  channel: ServerChannel
  program: Program
  state: SessionState
  /** Aborts when the client has closed the session or is gone. */
  closed: AbortSignal
}

/** A program of a session, from the wish to run it on. */
export interface RunningCommand {
  /** Resolves once the client has been told of the end; never rejects. */
  ended: Promise<void>
  resize(size: TerminalSize): void
  /** False for a signal that cannot be sent. */
  signal(name: string): boolean
}

/**
 * Wakes the sandbox and runs a program in it for a client. The program ends with SIGHUP when its client goes; the client is told of its
 * end, and of a sandbox that stops under it, with a status.
 */
export function runCommand(context: ChannelContext, options: CommandOptions): RunningCommand {
  const relay = new CommandRelay(context, options)
  return {
    ended: relay.run(),
    resize: (size) => relay.control(async (process) => await process.resize(size)),
    signal(name) {
      if (!SIGNALS.has(name)) return false
      relay.control(async (process) => await process.signal(name))
      return true
    },
  }
}

type Control = (process: GuestProcess) => Promise<void>

class CommandRelay {
  readonly #context: ChannelContext
  readonly #options: CommandOptions
  readonly #writer: ChannelWriter
  readonly #stopped = new AbortController()
  #cause: StopCause | undefined
  #process: GuestProcess | undefined
  #controls: Control[] = []
  #isControlling = false

  constructor(context: ChannelContext, options: CommandOptions) {
    this.#context = context
    this.#options = options
    this.#writer = new ChannelWriter(options.channel, context.socket)
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { channel, closed } = this.#options
    try {
      if (!this.#writer.isUsable) return
      await this.#tell(await this.#inSandbox())
    } catch (error) {
      if (!closed.aborted) await this.#fail(error)
    } finally {
      close(channel)
    }
  }

  /** Passes a size or a signal on, in order, as soon as the program runs. */
  control(control: Control): void {
    if (this.#controls.length < MAX_WAITING_CONTROLS) this.#controls.push(control)
    void this.#passControls()
  }

  async #inSandbox(): Promise<ExitReport> {
    const { access, login, refusal } = this.#context
    const { closed } = this.#options
    if (refusal !== undefined) throw new Refusal(refusal)
    const onStop = (cause: StopCause): void => {
      this.#cause = cause
      this.#stopped.abort(new Refusal(STOP_TEXTS[cause]))
    }
    using sandbox = await access.open(login.id, { signal: closed, onStop })
    using ending = new DisposableStack()
    const end = new AbortController()
    ending.defer(() => end.abort())
    const untilEnd = AbortSignal.any([this.#stopped.signal, end.signal])
    const signal = AbortSignal.any([closed, untilEnd])
    // Also for a client that has gone by now: only a program that is known can be ended.
    const process = await this.#start(sandbox, untilEnd)
    this.#process = process
    void this.#passControls()
    const fed = this.#feed(process, signal)
    try {
      return await this.#relay(process, signal)
    } catch (error) {
      if (closed.aborted && this.#cause === undefined) await this.#hangUp(process)
      throw this.#stopped.signal.aborted ? this.#stopped.signal.reason : error
    } finally {
      this.#process = undefined
      end.abort()
      await fed
    }
  }

  async #start(sandbox: Parameters<typeof GuestProcess.start>[0], signal: AbortSignal): Promise<GuestProcess> {
    const { state, program } = this.#options
    const { remoteAddress: address = '0.0.0.0', remotePort: port = 0 } = this.#context.socket
    const { term, size: terminal } = state.terminal ?? { term: undefined, size: undefined }
    const envs = state.environment.variables(term, { address, port })
    const started = GuestProcess.start(
      sandbox,
      { ...program, envs, terminal, user: this.#context.login.guestUser },
      signal,
    )
    return await raceSignal(started, deadline(START_LIMIT_MS, 'start the program', signal))
  }

  /** Passes output on until the end, at the client's pace. */
  async #relay({ events }: GuestProcess, signal: AbortSignal): Promise<ExitReport> {
    for (;;) {
      const next = await raceSignal(events.next(), signal)
      if (next.done === true) throw new Refusal('The program was lost: its stream ended without an end.')
      const { event } = next.value
      if (event.case === 'end') return exitReport(event.value)
      if (event.case !== 'data') continue
      const { output } = event.value
      if (output.case === 'stderr') await this.#writer.writeError(output.value, signal)
      else if (output.case !== undefined) await this.#writer.write(output.value, signal)
    }
  }

  /** Passes input on. Never rejects: a program that takes no more input is not at its end. */
  async #feed(process: GuestProcess, signal: AbortSignal): Promise<void> {
    const { channel } = this.#options
    try {
      await process.feed(channelChunks(channel), signal)
    } catch (error) {
      if (signal.aborted) return
      this.#context.logger.debug({ sandboxId: this.#context.login.id, err: error }, 'ssh: input was not taken')
      // The rest of it is discarded, so that the client's close is heard.
      channel.resume()
    }
  }

  async #hangUp(process: GuestProcess): Promise<void> {
    try {
      await process.signal('HUP')
    } catch (error) {
      this.#context.logger.warn(
        { sandboxId: this.#context.login.id, pid: process.pid, err: error },
        'ssh: could not hang up',
      )
    }
  }

  async #passControls(): Promise<void> {
    if (this.#isControlling || this.#process === undefined) return
    this.#isControlling = true
    for (let control = this.#controls.shift(); control !== undefined; control = this.#controls.shift()) {
      try {
        if (this.#process !== undefined) await control(this.#process)
      } catch (error) {
        this.#context.logger.debug(
          { sandboxId: this.#context.login.id, err: error },
          'ssh: a size or signal was not taken',
        )
      }
    }
    this.#isControlling = false
  }

  async #fail(error: unknown): Promise<void> {
    const { logger, login } = this.#context
    if (!(error instanceof Refusal)) logger.warn({ sandboxId: login.id, err: error }, 'ssh: a session failed')
    try {
      const text = error instanceof Refusal ? error.message : failureText(error)
      await this.#writer.writeError(
        Buffer.from(`${this.#options.state.terminal === undefined ? '' : '\r\n'}drowse: ${text}\r\n`),
        this.#options.closed,
      )
      await this.#tell({ kind: 'status', code: EXIT_LOST })
    } catch {
      // The client went meanwhile, and needs to be told nothing.
    }
  }

  async #tell(report: ExitReport): Promise<void> {
    const { channel } = this.#options
    if (report.kind === 'status') channel.exit(report.code)
    else channel.exit(report.name, report.isDumped)
  }
}

/** Ends a channel from this side, also one whose connection is gone. */
function close(channel: ServerChannel): void {
  try {
    channel.eof()
    channel.end()
    channel.close()
  } catch {
    // The library may have let go of the connection, and the channel with it.
  }
}

/** An end that is no failure of the service, in words for the person. */
class Refusal extends Error {}
