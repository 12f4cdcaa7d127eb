import type { Readable, Writable } from 'node:stream'

/** Size, in bytes, from which memory is given back by hand. */
const LARGE_BYTES = 16 * 1024

/**
 * Writes what is read from `from` to `to` as it comes, with backpressure; `to` stays open at the end. What comes once `to` takes no more is dropped.
 *
 * The memory of each piece is given back as soon as it is written: left to the garbage collector, 64 MB of pieces make it
 * walk the whole heap. So nothing else may keep a piece.
 */
export function passBody(from: Readable, to: Writable): void {
  const resume = (): void => void from.resume()
  from.on('data', (piece: Buffer) => {
    if (to.destroyed || to.writableEnded) return
    if (to.write(piece, () => giveBack(piece))) return
    from.pause()
    to.once('drain', resume)
  })
}

function giveBack({ buffer, byteLength }: Buffer): void {
  // Node gives each large piece memory of its own; a part of something larger stays.
  if (byteLength >= LARGE_BYTES && buffer.byteLength === byteLength && buffer instanceof ArrayBuffer) {
    buffer.transfer(0)
  }
}
