import type { Socket } from 'node:net'

/** Most bytes of a request's head that are looked at; browsers and servers stop at 8 to 16 KiB. */
const HEAD_BYTES = 16 * 1024

/** How a request begins, or may go on to. */
const METHOD = /^[A-Za-z-]{1,32}(?: |$)/

/**
 * Reads the Host of the first HTTP request on a connection, without port, and puts all that was read back. Undefined when the head ends without
 * one, names two, is too long, is no head, or the connection ends.
 */
export async function peekHost(socket: Socket): Promise<string | undefined> {
  let head = Buffer.alloc(0)
  try {
    while (head.length < HEAD_BYTES) {
      const chunk = await nextChunk(socket)
      if (chunk === undefined) return undefined
      head = Buffer.concat([head, chunk])
      if (!METHOD.test(head.toString('latin1', 0, 64))) return undefined
      const end = head.indexOf('\r\n\r\n')
      if (end >= 0 && end <= HEAD_BYTES) return hostOf(head.toString('latin1', 0, end))
    }
    return undefined
  } finally {
    if (head.length > 0 && !socket.readableEnded && !socket.destroyed) socket.unshift(head)
  }
}

async function nextChunk(socket: Socket): Promise<Buffer | undefined> {
  for (;;) {
    const chunk = socket.read() as Buffer | null // a socket without encoding gives buffers
    if (chunk !== null) return chunk
    if (socket.readableEnded || socket.destroyed) return undefined
    await new Promise<void>((resolve) => {
      const done = (): void => {
        for (const event of ['readable', 'end', 'close', 'error']) socket.off(event, done)
        resolve()
      }
      for (const event of ['readable', 'end', 'close', 'error']) socket.on(event, done)
    })
  }
}

function hostOf(head: string): string | undefined {
  const hosts = head.split('\r\n').flatMap((line) => /^host:[ \t]*([^\s]+)[ \t]*$/i.exec(line)?.[1] ?? [])
  // Two of them are how a request is smuggled past whoever reads only one.
  return hosts.length === 1 ? hosts[0]?.replace(/:\d+$/, '') : undefined
}
