import { Writable } from 'node:stream'
import { writeAll } from './write-all.ts'

/**
 * Replaces `process.stdout` and `process.stderr` by streams whose writes are done when they return. Node's own would make the pipe
 * non-blocking and keep what does not fit in memory.
 */
export function installStreams(): void {
  for (const [name, descriptor] of [
    ['stdout', 1],
    ['stderr', 2],
  ] as const) {
    const stream = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        try {
          writeAll(descriptor, chunk)
          done()
        } catch (error) {
          done(error as Error)
        }
      },
    })
    Object.defineProperty(process, name, { value: Object.assign(stream, { fd: descriptor }), configurable: true })
  }
}
