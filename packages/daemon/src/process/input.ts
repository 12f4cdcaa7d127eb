import { DrowseError, type ProcessInput, type StreamInputRequest } from '@drowse/protocol'
import type { ProcessTable } from './process-table.ts'
import type { RunningProcess } from './running-process.ts'

/**
 * `SendInput`: writes to a process's stdin or terminal and returns when it took all. Throws "internal" when the process has no such input
 * open.
 */
export async function sendInput(target: RunningProcess, input: ProcessInput | undefined): Promise<void> {
  switch (input?.input.case) {
    case 'stdin':
      if (target.terminal !== undefined) {
        throw new DrowseError('internal', 'error writing to stdin: the process has a terminal; send the input as "pty"')
      }
      if (target.stdin === undefined) {
        throw new DrowseError('internal', 'error writing to stdin: stdin not enabled or closed')
      }
      return await target.stdin.write(input.input.value)
    case 'pty':
      if (target.terminal === undefined) {
        throw new DrowseError('internal', 'error writing to tty: tty not assigned to process')
      }
      return await target.terminal.write(input.input.value)
    default:
      throw new DrowseError('invalid_argument', `Cannot send input to process "${target.pid}": the input is empty`)
  }
}

/** `CloseStdin`: ends a process's input. Throws "invalid_argument" for one on a terminal; does nothing when it has no input. */
export function closeStdin(target: RunningProcess): void {
  if (target.terminal !== undefined) {
    throw new DrowseError(
      'invalid_argument',
      `Cannot close stdin of process "${target.pid}": it has a terminal; send Ctrl+D (0x04) as "pty"`,
    )
  }
  target.stdin?.close()
}

/**
 * `StreamInput`: writes each message's input to the process that the first one names, in order and as it comes, each once the one before is
 * taken. Returns when the client has sent its last.
 */
export async function streamInput(
  processes: ProcessTable,
  requests: AsyncIterable<StreamInputRequest>,
  signal: AbortSignal,
): Promise<void> {
  let target: RunningProcess | undefined
  for await (const { event } of untilAborted(requests, signal)) {
    if (event.case === 'start') target = processes.get(event.value.process)
    if (event.case !== 'data') continue
    if (target === undefined) {
      throw new DrowseError('invalid_argument', 'Cannot stream input: the first message has to name the process')
    }
    await sendInput(target, event.value.input)
  }
}

/** A client that says nothing more must not outlive the call's deadline. */
async function* untilAborted<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  aborted.catch(() => undefined)
  const abort = (): void => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    for (;;) {
      if (signal.aborted) throw signal.reason
      const next = await Promise.race([iterator.next(), aborted])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
