import type { Duplex } from 'node:stream'
import { endSoftly } from '../answer/end-softly.ts'

/** Joins two sockets: bytes pass both ways with backpressure, an end passes on as an end, a loss as a loss. */
export function splice(left: Duplex, right: Duplex): void {
  followClose(left, right)
  followClose(right, left)
  left.pipe(right)
  right.pipe(left)
}

function followClose(from: Duplex, to: Duplex): void {
  // The close that follows an error ends the other side.
  from.on('error', () => {})
  from.once('close', () => {
    if (from.errored === null && from.readableEnded) endSoftly(to)
    else to.destroy()
  })
}
