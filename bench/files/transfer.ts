import { once } from 'node:events'
import { connect } from 'node:net'

/** Bytes of one read or write of this end. */
const PIECE_BYTES = 1024 * 1024

/** A way to move bytes: where to, and what is said first. */
export interface Way {
  host: string
  port: number
  /** Head of an HTTP request; empty for bare TCP. */
  head: string
}

/** Reads until `bytes` have come, a head before them included. Gives the time in ms. */
export async function download({ head, ...address }: Way, bytes: number): Promise<number> {
  const beforeMs = performance.now()
  let left = bytes
  await new Promise<void>((resolve, reject) => {
    const socket = connect({
      ...address,
      onread: {
        buffer: Buffer.allocUnsafe(PIECE_BYTES),
        callback: (length) => {
          left -= length
          if (left <= 0) socket.destroy()
          return true
        },
      },
    })
    socket.once('connect', () => socket.write(head))
    socket.once('error', reject)
    socket.once('close', () => (left <= 0 ? resolve() : reject(new Error(`${left} of ${bytes} bytes did not come`))))
  })
  return performance.now() - beforeMs
}

/** Writes `bytes` and waits for the answer. Gives the time in ms. */
export async function upload({ head, ...address }: Way, bytes: number): Promise<number> {
  const socket = connect(address)
  await once(socket, 'connect')
  const beforeMs = performance.now()
  socket.write(head)
  const answered = once(socket, 'data')
  const piece = Buffer.alloc(PIECE_BYTES, 7)
  for (let sent = 0; sent < bytes; sent += piece.length) {
    if (!socket.write(piece)) await once(socket, 'drain')
  }
  const [answer] = (await answered) as [Buffer]
  if (head !== '' && !answer.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(answer.toString())
  socket.destroy()
  return performance.now() - beforeMs
}
