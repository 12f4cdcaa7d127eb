import { isEndedState, parseProcessStat, readProcessStat, type ProcessStat } from '@drowse/common'

/**
 * Start time of a process in clock ticks since boot (field 22 of /proc/<pid>/stat), or `undefined` when there is none.
 * Together with the pid it names one process for as long as the machine is up.
 */
export async function processStartTime(pid: number): Promise<number | undefined> {
  const stat = await readProcessStat(pid)
  return stat === undefined ? undefined : startTimeOf(stat)
}

/** Takes the start time out of the text of /proc/<pid>/stat. */
export function parseStartTime(text: string): number | undefined {
  return startTimeOf(parseProcessStat(text))
}

/** A dead child that was not waited for counts as ended. */
function startTimeOf({ state, startTime }: ProcessStat): number | undefined {
  return isEndedState(state) || !Number.isFinite(startTime) ? undefined : startTime
}
