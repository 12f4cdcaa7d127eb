import type { Duplex } from 'node:stream'

/**
 * Destroys a socket that nobody reads when its other end goes away; Node does not notice otherwise. What comes in stays
 * unread. The returned function stops watching, after which the socket can be piped.
 */
export function watchForEnd(socket: Duplex): () => void {
  const onReadable = (): void => {
    // With nothing to read, a read is what makes the end show.
    if (socket.readableLength === 0) socket.read()
  }
  const onEnd = (): void => void socket.destroy()
  socket.on('readable', onReadable)
  socket.once('end', onEnd)
  return () => {
    socket.off('readable', onReadable)
    socket.off('end', onEnd)
  }
}
