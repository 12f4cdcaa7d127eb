import type { Libc } from './libc.ts'

const RLIMIT_NPROC = 6
const MIB = 1024 * 1024
/** Bounds of a user's processes and threads. */
const MIN_PROCESSES = 384
const MAX_PROCESSES = 4_000
/** Processes for each MiB of memory. */
const PER_MIB = 0.75

/**
 * How many processes and threads a user may have in a sandbox with so much memory.
 *
 * An idle bash takes 1.1 MB of the host's memory and 3.4 of its tasks, of which a sandbox has 16,384: so many fit in both, and a fork bomb
 * ends in errors of its own and not in that of the sandbox.
 */
export function userProcessLimit(memoryBytes: number): number {
  return Math.min(MAX_PROCESSES, Math.max(MIN_PROCESSES, Math.floor((memoryBytes / MIB) * PER_MIB)))
}

/** Sets the bound for processes that are started from here on. Root's are exempt, as everywhere in Linux. */
export function setProcessLimit(libc: Libc, count: number): void {
  const limit = Buffer.alloc(16)
  limit.writeBigUInt64LE(BigInt(count), 0)
  limit.writeBigUInt64LE(BigInt(count), 8)
  libc.check(libc.setrlimit(RLIMIT_NPROC, limit), 'limit the number of processes')
}
