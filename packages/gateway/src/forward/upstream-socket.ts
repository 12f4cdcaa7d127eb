import { Socket, type SocketConstructorOpts, type TcpSocketConnectOpts } from 'node:net'

/** Most bytes of one read. */
const READ_BYTES = 64 * 1024

/** Where every connection is read into until it is diverted; what was read is copied before another one reads. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES)

type WriteDone = (error?: Error | null) => void

/**
 * A server that answered and closed takes no more of a body, but its answer may still be there to be read, and Node gives up both at a failed
 * write. What is lost with the connection, reading finds out.
 */
function sparingAnswer(done: WriteDone): WriteDone {
  return (error) => {
    const code = error != null && 'code' in error ? error.code : undefined
    done(code === 'EPIPE' || code === 'ECONNRESET' ? null : error)
  }
}

/** How to connect. */
export type UpstreamSocketOptions = SocketConstructorOpts & TcpSocketConnectOpts & { timeout?: number | undefined }

/**
 * A connection to a sandbox. Node's own takes new memory for each read, and for the garbage collector each 64 MB of that are a walk over
 * the whole heap; this one does not. What comes can be taken past the stream that it is. A write that fails is none that is
 * told of: the end of the connection is, behind what it brought.
 */
export class UpstreamSocket extends Socket {
  #reader: ((bytes: Buffer) => void) | undefined
  #memory: Buffer = shared

  /** Begins to connect. */
  constructor(options: UpstreamSocketOptions) {
    const onread = {
      buffer: (): Buffer => this.#memory,
      callback: (length: number, read: Buffer) => this.#onRead(length, read),
    }
    // The memory is asked for when the connection opens and behind each read.
    super({ ...options, onread })
    if (options.timeout !== undefined) this.setTimeout(options.timeout)
    this.connect(options)
  }

  /**
   * Reads what comes from now on into `memory` and hands it to `reader`, once: `resume()` has more read, over what was there. The stream
   * has only the end and errors from then on.
   */
  divert(memory: Buffer, reader: (bytes: Buffer) => void): void {
    this.#reader = reader
    this.#memory = memory
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: WriteDone): void {
    super._write(chunk, encoding, sparingAnswer(done))
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], done: WriteDone): void {
    super._writev?.(chunks, sparingAnswer(done))
  }

  #onRead(length: number, read: Buffer): boolean {
    if (this.#reader === undefined) return this.push(Buffer.from(read.subarray(0, length)))
    // The first read behind the change still goes to where the one before it went.
    const bytes = read.subarray(0, length)
    this.#reader(read === shared ? Buffer.from(bytes) : bytes)
    return false
  }
}
