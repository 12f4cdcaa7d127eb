import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { LARGE_BYTES } from './bytes.ts'

/** Where to ask, and under which name. */
export interface Target {
  port: number
  host: string
}

/** What came of asking. */
export interface Asked {
  /** How long each answer took, in ms, without those of the warm-up. */
  times: number[]
  /** How many answers there were, those of the warm-up included. */
  total: number
}

/** Asks one thing after the other on each of `connections` kept connections for `durationMs`, after a warm-up of a fifth of that. */
export async function ask(target: Target, connections: number, durationMs: number): Promise<Asked> {
  const asked: Asked = { times: [], total: 0 }
  const fromMs = performance.now() + durationMs / 5
  const untilMs = fromMs + durationMs
  await Promise.all(Array.from({ length: connections }, async () => askOn(target, fromMs, untilMs, asked)))
  return asked
}

async function askOn(target: Target, fromMs: number, untilMs: number, asked: Asked): Promise<void> {
  const socket = await open(target.port)
  const request = `GET / HTTP/1.1\r\nHost: ${target.host}\r\nAccept: */*\r\n\r\n`
  await new Promise<void>((resolve, reject) => {
    let sentMs = 0
    let answer = ''
    const send = (): void => {
      sentMs = performance.now()
      socket.write(request)
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed')))
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      if (!answer.endsWith('\r\n\r\nok')) return
      if (!answer.startsWith('HTTP/1.1 200 ')) return reject(new Error(`answered with ${answer}`))
      answer = ''
      const nowMs = performance.now()
      asked.total++
      if (sentMs >= fromMs) asked.times.push(nowMs - sentMs)
      if (nowMs >= untilMs) resolve()
      else send()
    })
    send()
  })
  socket.destroy()
}

/** Downloads the large answer. Gives how long it took, in ms. */
export async function download(target: Target): Promise<{ ms: number }> {
  const socket = await open(target.port)
  const beforeMs = performance.now()
  socket.write(`GET /large HTTP/1.1\r\nHost: ${target.host}\r\nConnection: close\r\n\r\n`)
  let bytes = 0
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(socket, 'end')
  socket.destroy()
  if (bytes < LARGE_BYTES) throw new Error(`only ${bytes} bytes came`)
  return { ms: performance.now() - beforeMs }
}

/** Uploads as many bytes as the large answer has. Gives how long it took until the answer, in ms. */
export async function upload(target: Target): Promise<{ ms: number }> {
  const socket = await open(target.port)
  const beforeMs = performance.now()
  socket.write(`POST / HTTP/1.1\r\nHost: ${target.host}\r\nContent-Length: ${LARGE_BYTES}\r\n\r\n`)
  const answered = once(socket, 'data')
  const piece = Buffer.alloc(256 * 1024)
  for (let sent = 0; sent < LARGE_BYTES; sent += piece.length) {
    if (!socket.write(piece)) await once(socket, 'drain')
  }
  const [answer] = (await answered) as [Buffer]
  if (!answer.toString('latin1').startsWith('HTTP/1.1 200 ')) throw new Error(`answered with ${answer.toString()}`)
  socket.destroy()
  return { ms: performance.now() - beforeMs }
}

/** Opens WebSockets that stay idle until the returned function closes them. */
export async function holdWebSockets(target: Target, count: number): Promise<() => void> {
  const sockets: Socket[] = []
  for (let index = 0; index < count; index++) {
    const socket = await open(target.port)
    socket.write(
      `GET /ws HTTP/1.1\r\nHost: ${target.host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    )
    const [head] = (await once(socket, 'data')) as [Buffer]
    if (!head.toString().startsWith('HTTP/1.1 101 ')) throw new Error(`answered with ${head.toString()}`)
    sockets.push(socket)
  }
  return () => sockets.forEach((socket) => socket.destroy())
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  return socket
}
