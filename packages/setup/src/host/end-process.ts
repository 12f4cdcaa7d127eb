import { deadline, pollUntil } from '@drowse/common'
import { processStartTime } from './process-identity.ts'

/** How {@link endProcess} goes about it. */
export interface EndProcessOptions {
  /** What is being done, for the error when even KILL is in vain. */
  operation: string
  /** Time, in ms, that the process has to end by itself after TERM. */
  termTimeoutMs: number
  /** Time, in ms, to wait after KILL. */
  killTimeoutMs: number
}

/** Ends the process that `pid` and its start time name and waits for its end. Resolves with whether it had to be killed. */
export async function endProcess(pid: number, startTime: number, options: EndProcessOptions): Promise<boolean> {
  const ended = async (): Promise<true | undefined> => ((await processStartTime(pid)) === startTime ? undefined : true)
  const wait = (timeoutMs: number): Promise<true> =>
    pollUntil(ended, { intervalMs: 20, maxIntervalMs: 200, signal: deadline(timeoutMs, options.operation) })
  signalProcess(pid, 'SIGTERM')
  try {
    await wait(options.termTimeoutMs)
    return false
  } catch {
    signalProcess(pid, 'SIGKILL')
    await wait(options.killTimeoutMs)
    return true
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it ended by itself
  }
}
