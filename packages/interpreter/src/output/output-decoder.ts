import { StringDecoder } from 'node:string_decoder'

/** Decodes the two output streams of one execution; characters that a chunk's end cuts in two stay whole. */
export class OutputDecoder {
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }

  /** Text of a chunk, without a cut character at its end. */
  write(stream: 'stdout' | 'stderr', chunk: Buffer): string {
    return this.#decoders[stream].write(chunk)
  }

  /** What is left of a cut character at the end of the output. */
  end(stream: 'stdout' | 'stderr'): string {
    return this.#decoders[stream].end()
  }
}
