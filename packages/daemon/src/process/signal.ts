import { DrowseError, Signal } from '@drowse/protocol'
import type { RunningProcess } from './running-process.ts'

/**
 * `SendSignal`: signals a process and its group, so that what a shell has started stops with it.
 * Throws "not_found" when it has exited meanwhile, "invalid_argument" for a signal besides TERM and KILL.
 */
export function sendSignal(target: RunningProcess, signal: Signal): void {
  const name = signalName(signal)
  if (name === undefined) {
    throw new DrowseError(
      'invalid_argument',
      `Cannot signal process "${target.pid}": signal ${signal} is not supported`,
    )
  }
  if (!target.signal(name)) throw new DrowseError('not_found', `process with pid ${target.pid} not found`)
}

function signalName(signal: Signal): NodeJS.Signals | undefined {
  if (signal === Signal.SIGTERM) return 'SIGTERM'
  return signal === Signal.SIGKILL ? 'SIGKILL' : undefined
}
