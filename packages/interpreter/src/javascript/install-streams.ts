import { Writable } from 'node:stream'
import { BurstWriter } from './burst-writer.ts'

/**
 * Replaces `process.stdout` and `process.stderr`. Node's own would make the pipe non-blocking and keep what does not fit in memory; these
 * wait for a reader that is behind. Gives what writes out all that cells have printed so far.
 */
export function installStreams(): () => void {
  const writers = [install('stdout', 1), install('stderr', 2)]
  return () => {
    for (const writer of writers) writer.flush()
  }
}

function install(name: 'stdout' | 'stderr', descriptor: number): BurstWriter {
  const writer = new BurstWriter(descriptor)
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      try {
        writer.write(chunk)
        done()
      } catch (error) {
        done(error as Error)
      }
    },
  })
  Object.defineProperty(process, name, { value: Object.assign(stream, { fd: descriptor }), configurable: true })
  return writer
}
