import type { ServerChannel, Session } from 'ssh2'
import type { ChannelContext } from '../channel/channel-context.ts'
import { runCommand, type RunningCommand } from './run-command.ts'
import { SFTP_PROGRAM, shellProgram, type Program } from './login-shell.ts'
import { SessionEnvironment } from './session-environment.ts'
import { terminalSize, type TerminalSize } from './terminal-size.ts'

/** What a session tells the connection. */
export interface SessionEvents {
  /** The channel that a program's bytes pass through. */
  onChannel(channel: ServerChannel): void
  /** A program runs; `ended` never rejects. */
  onRun(ended: Promise<void>): void
  /** The client closed the session without having run anything. */
  onUnused(): void
}

/** How a session's program is to run, as the client has said so far. */
export interface SessionState {
  readonly environment: SessionEnvironment
  terminal: { term: string; size: TerminalSize } | undefined
}

/**
 * Serves one session: terminal, variables, then a shell, a command or the files' subsystem. What it has no listener for, agent and X11
 * forwarding among it, the library refuses.
 */
export function serveSession(context: ChannelContext, session: Session, events: SessionEvents): void {
  const state: SessionState = { environment: new SessionEnvironment(), terminal: undefined }
  const closed = new AbortController()
  let running: RunningCommand | undefined
  const over = (): void => {
    closed.abort(new Error('The client closed the session'))
    if (running === undefined) events.onUnused()
  }
  session.once('close', over)
  if (context.gone.aborted) over()
  else context.gone.addEventListener('abort', over, { once: true, signal: closed.signal })

  // A request that wants no reply comes without the functions that give one.
  session.on('env', (accept: Reply, reject: Reply, { key, val }: { key: string; val: string }) => {
    if (state.environment.set(key, val)) accept?.()
    else reject?.()
  })
  session.on('pty', (accept: Reply, reject: Reply, asked: TerminalSize & { term: string }) => {
    if (running !== undefined) return reject?.()
    state.terminal = { term: asked.term, size: terminalSize(asked) }
    accept?.()
  })
  session.on('window-change', (accept: Reply, _reject: Reply, asked: TerminalSize) => {
    const size = terminalSize(asked)
    if (state.terminal !== undefined) state.terminal.size = size
    running?.resize(size)
    accept?.()
  })
  session.on('signal', (accept: Reply, reject: Reply, { name }: { name: string }) => {
    if (running?.signal(name) === true) accept?.()
    else reject?.()
  })
  const run = (accept: () => ServerChannel | undefined, program: Program): void => {
    const channel = running === undefined ? accept() : undefined
    if (channel === undefined) return
    events.onChannel(channel)
    running = runCommand(context, { channel, program, state, closed: closed.signal })
    events.onRun(running.ended)
  }
  session.on('shell', (accept: () => ServerChannel | undefined) => run(accept, shellProgram(undefined)))
  session.on('exec', (accept: () => ServerChannel | undefined, _: Reply, { command }: { command: string }) => {
    run(accept, shellProgram(command))
  })
  session.on('subsystem', (accept: () => ServerChannel | undefined, reject: Reply, { name }: { name: string }) => {
    if (name === 'sftp') run(accept, SFTP_PROGRAM)
    else reject?.()
  })
}

type Reply = (() => void) | undefined
