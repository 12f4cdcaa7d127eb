import { availableParallelism, freemem, totalmem } from 'node:os'

/** What a host has to give. */
export interface HostFacts {
  /** All of its memory, in bytes. */
  memoryBytes: number
  cpuCount: number
  /** Bytes that programs can still take without swapping; caches that can be dropped count as free. */
  availableBytes(): number
}

/** Reads this host's. */
export function hostFacts(): HostFacts {
  // On Linux `freemem` is MemAvailable of /proc/meminfo.
  return { memoryBytes: totalmem(), cpuCount: availableParallelism(), availableBytes: freemem }
}
