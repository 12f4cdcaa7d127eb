import { readFile } from 'node:fs/promises'

/** What /proc/<pid>/stat tells of a process. */
export interface ProcessStat {
  /** One letter; `Z` and `X` have ended and wait for their parent to take note. */
  state: string
  /** Start in clock ticks since boot; with the pid it names one process for as long as the machine is up. */
  startTime: number
}

/** Reads the stat of process `pid`; `undefined` when there is none. */
export async function readProcessStat(pid: number): Promise<ProcessStat | undefined> {
  try {
    return parseProcessStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined // ended
  }
}

/** Takes state and start time out of the text of /proc/<pid>/stat; the program's name in it may hold blanks and brackets. */
export function parseProcessStat(text: string): ProcessStat {
  // The first field behind the name is the third of the file, the state; field 22 is the start.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTime: Number(fields[19]) }
}

/** Whether a process of this state has ended, though its parent has not taken note of it yet. */
export function isEndedState(state: string): boolean {
  return state === 'Z' || state === 'X'
}
