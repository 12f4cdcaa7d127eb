import type { Duplex } from 'node:stream'
import { endSoftly } from '../answer/end-softly.ts'

/**
 * Joins two sockets: bytes pass both ways with backpressure, an end passes on as an end, a loss as a loss. Gives what parts them again: it
 * closes `right`, and `left` ends with `last` behind what was passed on.
 */
export function splice(left: Duplex, right: Duplex): (last: Buffer) => void {
  let isParted = false
  const isJoined = (): boolean => !isParted
  followClose(left, right, isJoined)
  followClose(right, left, isJoined)
  left.pipe(right)
  right.pipe(left)
  return (last) => {
    isParted = true
    right.unpipe(left).destroy()
    left.unpipe(right)
    if (left.writable) left.write(last)
    endSoftly(left)
  }
}

function followClose(from: Duplex, to: Duplex, isJoined: () => boolean): void {
  // The close that follows an error ends the other side.
  from.on('error', () => {})
  from.once('close', () => {
    if (!isJoined()) return
    if (from.errored === null && from.readableEnded) endSoftly(to)
    else to.destroy()
  })
}
