/** Sends a signal to a process, or to the group that a negative number names. False when there is none. */
export function killOne(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
