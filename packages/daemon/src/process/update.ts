import { DrowseError, type PTY } from '@drowse/protocol'
import type { RunningProcess } from './running-process.ts'

/** `Update`: sizes a process's terminal. Without a size it does nothing. Throws "internal" when the process has no terminal. */
export function update(target: RunningProcess, pty: PTY | undefined): void {
  if (pty?.size === undefined) return
  if (target.terminal === undefined) {
    throw new DrowseError('internal', 'error resizing tty: tty not assigned to process')
  }
  target.terminal.resize(pty.size)
}
