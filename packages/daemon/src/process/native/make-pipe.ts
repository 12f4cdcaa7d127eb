import type { Libc } from './libc.ts'

/** O_CLOEXEC: no later child inherits the pipe. */
const CLOSE_ON_EXEC = 0o2000000

/** Both ends of a pipe, as file descriptors of this process. */
export interface PipeEnds {
  read: number
  write: number
}

/**
 * Makes a pipe, which belongs to the acting user, so that it may open /dev/stdout by name.
 *
 * Node would connect a child by socket pairs. Those cannot be opened by name, and bash with one as its input takes itself for rshd.
 */
export function makePipe(libc: Libc): PipeEnds {
  const ends = Buffer.alloc(8)
  libc.check(libc.pipe2(ends, CLOSE_ON_EXEC), 'make a pipe')
  return { read: ends.readInt32LE(0), write: ends.readInt32LE(4) }
}
