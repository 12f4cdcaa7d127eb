/** Puts chunks together into lines of UTF-8 text; a line may span any number of chunks. */
export class LineSplitter {
  #parts: Buffer[] = []

  /** Gives the lines that `chunk` completes, without their ends. */
  push(chunk: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      this.#parts.push(chunk.subarray(start, end))
      lines.push(Buffer.concat(this.#parts).toString('utf8'))
      this.#parts = []
      start = end + 1
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start))
    return lines
  }
}
