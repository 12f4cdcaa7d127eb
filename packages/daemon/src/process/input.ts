import { DrowseError, type ProcessInput } from '@drowse/protocol'
import type { RunningProcess } from './running-process.ts'

/** `SendInput`: writes to a process's stdin and returns when the pipe took it. Throws "internal" when stdin is not open. */
export async function sendInput(target: RunningProcess, input: ProcessInput | undefined): Promise<void> {
  switch (input?.input.case) {
    case 'stdin':
      if (target.stdin === undefined) {
        throw new DrowseError('internal', 'error writing to stdin: stdin not enabled or closed')
      }
      return target.stdin.write(input.input.value)
    case 'pty':
      throw new DrowseError('internal', 'error writing to tty: tty not assigned to process')
    default:
      throw new DrowseError('invalid_argument', `Cannot send input to process "${target.pid}": the input is empty`)
  }
}
