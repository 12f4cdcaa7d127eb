import { readdirSync, readFileSync } from 'node:fs'

/** Ticks of the kernel's clock a second, as /proc counts them. */
const TICKS_PER_SECOND = 100

/** Processor seconds that a process has used. */
export function processorSeconds(pid: number): number {
  const fields = statOf(pid)
  return (Number(fields?.[11] ?? 0) + Number(fields?.[12] ?? 0)) / TICKS_PER_SECOND
}

/** The processes of a sandbox on the host: runsc's own, which name its id, and those that stand for the guest's, their children. */
export function sandboxProcesses(id: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  const found = new Set(pids.filter((pid) => commandOf(pid).includes(`runsc`) && commandOf(pid).includes(id)))
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const pid of pids) if (found.has(Number(statOf(pid)?.[1]))) found.add(pid)
  }
  return [...found]
}

/** What /proc says of a process, from its state on; `undefined` when it is gone. */
function statOf(pid: number): string[] | undefined {
  return readOrNothing(`/proc/${pid}/stat`)?.split(') ').at(-1)?.split(' ')
}

function commandOf(pid: number): string {
  return readOrNothing(`/proc/${pid}/cmdline`) ?? ''
}

function readOrNothing(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
