import type { Duplex } from 'node:stream'
import { systemClock } from '@drowse/common'

/** Time, in ms, that the other end has to close its side. */
const LINGER_MS = 5_000

/** Ends a socket after what is written has gone out, dropping what still comes in; destroys it when the other end does not close. */
export function endSoftly(socket: Duplex): void {
  if (socket.destroyed) return
  const timer = systemClock.setTimer(LINGER_MS, () => socket.destroy())
  socket.once('close', () => timer.cancel())
  socket.on('error', () => socket.destroy())
  socket.end()
  socket.resume()
}
