/** How a process ended, in the daemon's words. */
export interface GuestExit {
  exitCode: number
  /** False when a signal ended it. */
  exited: boolean
  /** `exit status N` or `signal: killed`. */
  status: string
}

/** What a client is told of an end: a status, or a signal by the name that SSH has for it. */
export type ExitReport = { kind: 'status'; code: number } | { kind: 'signal'; name: string; isDumped: boolean }

/** SSH's names of signals, by the daemon's words. */
const SIGNAL_NAMES: Readonly<Record<string, string>> = {
  hangup: 'HUP',
  interrupt: 'INT',
  quit: 'QUIT',
  'illegal instruction': 'ILL',
  aborted: 'ABRT',
  'floating point exception': 'FPE',
  killed: 'KILL',
  'user defined signal 1': 'USR1',
  'segmentation fault': 'SEGV',
  'user defined signal 2': 'USR2',
  'broken pipe': 'PIPE',
  'alarm clock': 'ALRM',
  terminated: 'TERM',
}

/** Status for a signal that SSH has no name for, and for whatever else keeps a process from ending by itself: as `ssh` says "failed". */
export const EXIT_LOST = 255

/** How SSH tells an end. */
export function exitReport({ exited, exitCode, status }: GuestExit): ExitReport {
  if (exited) return { kind: 'status', code: exitCode & 0xff }
  const [, words = '', dump] = /^signal: (.*?)( \(core dumped\))?$/.exec(status) ?? []
  const name = Object.hasOwn(SIGNAL_NAMES, words) ? SIGNAL_NAMES[words] : undefined
  return name === undefined
    ? { kind: 'status', code: EXIT_LOST }
    : { kind: 'signal', name, isDumped: dump !== undefined }
}
