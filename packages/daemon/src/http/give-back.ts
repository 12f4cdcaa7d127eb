/** Size, in bytes, from which a piece is worth it. */
const LARGE_BYTES = 16 * 1024

/**
 * Gives the memory of a piece back at once, when that is its own; its bytes must not be used any more. Left to the garbage collector,
 * what a large body came in piles up, and in gVisor each page that is taken anew costs as much as copying several.
 */
export function giveBack({ buffer, byteLength }: Buffer): void {
  if (byteLength >= LARGE_BYTES && buffer.byteLength === byteLength && buffer instanceof ArrayBuffer) buffer.transfer(0)
}
