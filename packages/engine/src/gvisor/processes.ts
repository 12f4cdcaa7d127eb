import { readdir, readFile } from 'node:fs/promises'
import { isEndedState, readProcessStat } from '@drowse/common'

/** How many processes are looked at at once: each look holds a file open, and many sandboxes may end at the same time. */
const LOOKS_AT_ONCE = 16

/** Which runsc processes are meant. */
export interface ContainerIdentity {
  id: string
  stateDirectory: string
}

/**
 * Whether process `pid` lives and is a runsc process of this very container.
 * A pid from a file proves nothing by itself: the kernel gives it to others later.
 */
export async function isContainerProcess(pid: number, identity: ContainerIdentity): Promise<boolean> {
  const args = await readArguments(pid)
  return args.includes(`--root=${identity.stateDirectory}`) && args.includes(identity.id)
}

/** Looks through all processes of the host for those of a container: Sentry, gofer, and CLI runs of an earlier service. */
export async function findContainerProcesses(identity: ContainerIdentity): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found: number[] = []
  for (let at = 0; at < pids.length; at += LOOKS_AT_ONCE) {
    const some = pids.slice(at, at + LOOKS_AT_ONCE)
    const checked = await Promise.all(some.map(async (pid) => ((await isContainerProcess(pid, identity)) ? pid : 0)))
    found.push(...checked.filter((pid) => pid !== 0))
  }
  return found
}

/** Sends SIGKILL; a process that is gone is fine. */
export function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ended meanwhile
  }
}

/** Whether process `pid` runs still; a zombie does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readProcessStat(pid)
  return stat !== undefined && !isEndedState(stat.state)
}

/** Empty for a zombie and for a process that is gone. */
async function readArguments(pid: number): Promise<string[]> {
  if (pid <= 0) return []
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
  } catch {
    return []
  }
}
