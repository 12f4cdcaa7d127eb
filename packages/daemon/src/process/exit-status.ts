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

const SIGNAL_WORDS: readonly string[] = [
  '',
  'hangup',
  'interrupt',
  'quit',
  'illegal instruction',
  'trace/breakpoint trap',
  'aborted',
  'bus error',
  'floating point exception',
  'killed',
  'user defined signal 1',
  'segmentation fault',
  'user defined signal 2',
  'broken pipe',
  'alarm clock',
  'terminated',
]

/** The status for what waitpid(2) reports of a process that has ended. */
export function exitStatus(waitStatus: number): ExitStatus {
  const signal = waitStatus & 0x7f
  if (signal !== 0) {
    const dump = (waitStatus & 0x80) === 0 ? '' : ' (core dumped)'
    const status = `signal: ${SIGNAL_WORDS[signal] ?? `signal ${signal}`}${dump}`
    return { exitCode: -1, exited: false, status, error: status }
  }
  const code = (waitStatus >> 8) & 0xff
  const status = `exit status ${code}`
  return { exitCode: code, exited: true, status, ...(code === 0 ? {} : { error: status }) }
}
