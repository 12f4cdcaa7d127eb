import { constants } from 'node:os'

/** How a process ended, in the words of Go's os.ProcessState that clients print. */
export interface ExitStatus {
  /** −1 when a signal ended it. */
  exitCode: number
  /** False when a signal ended it. */
  exited: boolean
  /** `exit status N` or `signal: killed`. */
  status: string
  /** Same text as `status`, for anything but success. */
  error?: string
}

const SIGNAL_WORDS: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGILL: 'illegal instruction',
  SIGTRAP: 'trace/breakpoint trap',
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGKILL: 'killed',
  SIGUSR1: 'user defined signal 1',
  SIGSEGV: 'segmentation fault',
  SIGUSR2: 'user defined signal 2',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
}

/** The status for what Node reports at a child's exit: a code, or else the signal that ended it. */
export function exitStatus(code: number | null, signal: NodeJS.Signals | null): ExitStatus {
  if (code === null) {
    const name = signal ?? 'SIGKILL'
    const status = `signal: ${SIGNAL_WORDS[name] ?? `signal ${constants.signals[name]}`}`
    return { exitCode: -1, exited: false, status, error: status }
  }
  const status = `exit status ${code}`
  return { exitCode: code, exited: true, status, ...(code === 0 ? {} : { error: status }) }
}
