import { readFile } from 'node:fs/promises'

/**
 * Start time of a process in clock ticks since boot (field 22 of /proc/<pid>/stat), or `undefined` when there is none.
 * Together with the pid it names one process for as long as the machine is up.
 */
export async function processStartTime(pid: number): Promise<number | undefined> {
  let stat: string
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined // ended
  }
  return parseStartTime(stat)
}

/** Takes the start time out of the text of /proc/<pid>/stat; the program's name in it may hold blanks and brackets. */
export function parseStartTime(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // The first field here is the third of the file: the state. A dead child that was not waited for counts as ended.
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  const ticks = Number(fields[19])
  return Number.isFinite(ticks) ? ticks : undefined
}
