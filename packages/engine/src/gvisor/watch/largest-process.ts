import { z } from 'zod'

const dumpSchema = z.array(
  z.object({
    status: z
      .object({
        comm: z.string().default(''),
        pid: z.number(),
        ppid: z.number().default(0),
        /** In KiB. */
        vm_rss: z.number().default(0),
      })
      .optional(),
    fdlist: z.array(z.object({ path: z.string().default('') })).default([]),
  }),
)

/** A process of the guest. */
export interface GuestProcess {
  /** In the guest's root namespace. */
  pid: number
  name: string
  residentBytes: number
  /** How many of its descriptors are of files in memory without a name, whose size shows in no process. */
  memoryFiles: number
}

/**
 * Lists the processes in the Sentry's dump that may be ended, all but the two that the sandbox cannot be without: its first
 * process and the daemon, which is that one's first child.
 */
export function endableProcesses(dump: unknown): GuestProcess[] {
  const processes = dumpSchema
    .parse(dump ?? [])
    .flatMap(({ status, fdlist }) => (status === undefined ? [] : { ...status, files: fdlist.map(({ path }) => path) }))
  const daemon = Math.min(...processes.filter(({ ppid }) => ppid === 1).map(({ pid }) => pid))
  return processes
    .filter(({ pid }) => pid !== 1 && pid !== daemon)
    .map(({ pid, comm, vm_rss, files }) => ({
      pid,
      name: comm,
      residentBytes: vm_rss * 1024,
      memoryFiles: files.filter((path) => path.includes('memfd:')).length,
    }))
}

/** How a sandbox's memory stands. */
export interface MemoryNeed {
  /** What it holds in all, in bytes. */
  heldBytes: number
  /** Least resident memory, in bytes, for which a process is ended while it is not urgent. */
  goodPartBytes: number
  isUrgent: boolean
}

/**
 * Chooses which process to end: the one with the most resident memory. Where processes explain less than half of what is held it is
 * the one with the most files in memory. While it is not urgent nothing is ended for less than a good part.
 */
export function largestProcess(
  processes: readonly GuestProcess[],
  { heldBytes, goodPartBytes, isUrgent }: MemoryNeed,
): GuestProcess | undefined {
  const largest = maxBy(processes, ({ residentBytes }) => residentBytes)
  const residentBytes = processes.reduce((sum, process) => sum + process.residentBytes, 0)
  const filer = maxBy(processes, ({ memoryFiles }) => memoryFiles)
  if (filer !== undefined && filer.memoryFiles > 0 && residentBytes < heldBytes / 2) return filer
  return isUrgent || (largest?.residentBytes ?? 0) >= goodPartBytes ? largest : undefined
}

function maxBy<T>(items: readonly T[], size: (item: T) => number): T | undefined {
  return items.toSorted((a, b) => size(b) - size(a))[0]
}
