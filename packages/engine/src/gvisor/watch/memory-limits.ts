const MIB = 1024 * 1024
/** Memory that the host lets a sandbox use beside what its guest is promised, in bytes. */
const HEADROOM_BYTES = 256 * MIB

/** Bounds, in bytes, at which something happens to a sandbox that uses much memory. */
export interface MemoryLimits {
  /** What the guest is promised, the Sentry's own 20 to 40 MB included: above it a process that holds a good part of it is ended. */
  softBytes: number
  /** Above it the largest process is ended, however small. */
  urgentBytes: number
  /** A process below this is no "good part". */
  goodPartBytes: number
  /** The host's own limit, at which every task of the sandbox waits. */
  hardBytes: number
  /** Up to where the host's limit is raised so that the Sentry can work while a process is being ended. */
  mostBytes: number
}

/** Computes the bounds for a guest with `memoryBytes`. */
export function memoryLimits(memoryBytes: number): MemoryLimits {
  return {
    softBytes: memoryBytes,
    urgentBytes: memoryBytes + HEADROOM_BYTES / 2,
    goodPartBytes: memoryBytes / 10,
    hardBytes: memoryBytes + HEADROOM_BYTES,
    mostBytes: 2 * memoryBytes + 4 * HEADROOM_BYTES,
  }
}
