import type { Duplex } from 'node:stream'
import { PORT_STREAM_CLOSE, PORT_STREAM_END } from '@drowse/protocol'

/** The part of a WebSocket of the `ws` package that {@link joinPortStream} uses. */
export interface StreamSocket {
  readonly readyState: number
  send(data: Uint8Array | string, done: (error?: Error | null) => void): void
  close(code: number, reason?: string): void
  terminate(): void
  pause(): void
  resume(): void
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** How a port stream ended: 1000 when both sides had said all. */
export interface PortStreamEnd {
  code: number
  reason: string
}

/** State of a WebSocket that takes messages. */
const OPEN = 1
const DONE = 1000
/** What a WebSocket gives when its connection was lost. */
const ABNORMAL = 1006

/**
 * Joins a TCP connection and the WebSocket that carries it to the other side: bytes pass both ways with backpressure, an end passes on as an
 * end, a loss as a loss. Resolves when the WebSocket is closed; never rejects. `socket` must allow half-open ends; its binary messages come as
 * buffers (`binaryType` "nodebuffer").
 */
export async function joinPortStream(carrier: StreamSocket, socket: Duplex): Promise<PortStreamEnd> {
  const { promise, resolve } = Promise.withResolvers<PortStreamEnd>()
  let hasSent = false
  let hasReceived = false
  const finish = (): void => {
    if (hasSent && hasReceived) carrier.close(DONE)
  }
  const lose = (): void => {
    carrier.resume()
    carrier.close(PORT_STREAM_CLOSE.lost, 'The connection was lost')
  }
  carrier.on('message', (data, isBinary) => {
    if (hasReceived) return
    if (isBinary) {
      if (!socket.write(data)) carrier.pause()
    } else if (data.toString() === PORT_STREAM_END) {
      hasReceived = true
      socket.end()
      finish()
    }
  })
  carrier.on('error', () => carrier.terminate())
  carrier.on('close', (code, reason) => {
    // What came before a proper end is still on its way out of the socket.
    if (!hasSent || !hasReceived || code !== DONE) socket.destroy()
    resolve({ code: code === DONE && !(hasSent && hasReceived) ? ABNORMAL : code, reason: reason.toString() })
  })
  socket.on('drain', () => carrier.resume())
  socket.on('error', () => socket.destroy())
  socket.once('close', () => {
    if (!hasSent || !hasReceived) lose()
  })
  try {
    const chunks: AsyncIterable<Buffer> = socket.iterator({ destroyOnReturn: false })
    for await (const chunk of chunks) await send(carrier, chunk)
    await send(carrier, PORT_STREAM_END)
    hasSent = true
    finish()
  } catch {
    socket.destroy() // lost on either side, which its close tells
    if (carrier.readyState === OPEN) lose()
  }
  return await promise
}

async function send(carrier: StreamSocket, data: Uint8Array | string): Promise<void> {
  await new Promise<void>((resolve, reject) => carrier.send(data, (error) => (error ? reject(error) : resolve())))
}
