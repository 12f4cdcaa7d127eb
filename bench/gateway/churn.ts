import { once } from 'node:events'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { newSandboxId } from '@drowse/protocol'
import { CLOSED_PORT } from './closed-port.ts'

/** Where the gateway of a churn listens, on loopback. */
export interface ChurnTarget {
  httpPort: number
  httpsPort: number
}

/** How often one sandbox's name is asked under before the next: a gateway keeps something for each. */
const USES_OF_A_NAME = 40

/** Short-lived things that clients do, each over connections of its own. What each is told is checked. */
export const CHURN_KINDS = {
  'request, connection closed': request,
  'request to a port that is closed': closedPort,
  'WebSocket opened and closed': webSocket,
  'answer left in the middle': leftAnswer,
  'body cut in the middle': cutBody,
  'head cut in the middle': cutHead,
  'handshake of TLS cut in the middle': cutHandshake,
  'session of HTTP/2: three requests, one of them taken back': http2Session,
  'session of HTTP/2 cut with requests open': cutSession,
} as const

export type ChurnKind = keyof typeof CHURN_KINDS

/** Does `kind` again and again on `lanes` connections at once while `goesOn` says so; gives how often. */
export async function churn(
  target: ChurnTarget,
  kind: ChurnKind,
  { lanes, goesOn }: { lanes: number; goesOn: (done: number) => boolean },
): Promise<number> {
  let begun = 0
  let id = newSandboxId()
  const lane = async (): Promise<void> => {
    while (goesOn(begun)) {
      if (begun % USES_OF_A_NAME === 0) id = newSandboxId()
      begun++
      await CHURN_KINDS[kind](target, `${id}.drowse.localhost`)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return begun
}

async function request({ httpPort }: ChurnTarget, name: string): Promise<void> {
  const socket = await open(httpPort)
  socket.write(`GET / HTTP/1.1\r\nHost: 3000-${name}\r\nConnection: close\r\n\r\n`)
  expectStart(await allOf(socket), 'HTTP/1.1 200 ')
}

async function closedPort({ httpPort }: ChurnTarget, name: string): Promise<void> {
  const socket = await open(httpPort)
  socket.write(`GET / HTTP/1.1\r\nHost: ${CLOSED_PORT}-${name}\r\nConnection: close\r\n\r\n`)
  expectStart(await allOf(socket), 'HTTP/1.1 502 ')
}

async function webSocket({ httpPort }: ChurnTarget, name: string): Promise<void> {
  const socket = await open(httpPort)
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: 3000-${name}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  )
  expectStart(await firstOf(socket), 'HTTP/1.1 101 ')
  // An empty text message, and the close behind it; masked, as a client's are.
  socket.end(Buffer.from('818000000000888000000000', 'hex'))
  await allOf(socket)
}

async function leftAnswer({ httpPort }: ChurnTarget, name: string): Promise<void> {
  const socket = await open(httpPort)
  socket.write(`GET /hang HTTP/1.1\r\nHost: 3000-${name}\r\n\r\n`)
  expectStart(await firstOf(socket), 'HTTP/1.1 200 ')
  await cut(socket)
}

async function cutBody({ httpPort }: ChurnTarget, name: string): Promise<void> {
  const socket = await open(httpPort)
  socket.write(`POST /hang HTTP/1.1\r\nHost: 3000-${name}\r\nContent-Length: 1000000\r\n\r\n${'a'.repeat(100_000)}`)
  expectStart(await firstOf(socket), 'HTTP/1.1 200 ')
  await cut(socket)
}

async function cutHead({ httpPort }: ChurnTarget, name: string): Promise<void> {
  const socket = await open(httpPort)
  await new Promise((resolve) => socket.write(`GET / HTTP/1.1\r\nHost: 3000-${name}\r\nX-Cu`, resolve))
  await cut(socket)
}

async function cutHandshake({ httpsPort }: ChurnTarget): Promise<void> {
  const socket = await open(httpsPort)
  // The begin of a ClientHello of 512 bytes.
  await new Promise((resolve) => socket.write(Buffer.from('1603010200010001fc0303', 'hex'), resolve))
  await cut(socket)
}

async function http2Session(target: ChurnTarget, name: string): Promise<void> {
  const session = await openSession(target)
  const ask = async (): Promise<void> => {
    const stream = session.request({ ':authority': `3000-${name}`, ':path': '/' })
    stream.resume()
    const [head] = (await once(stream, 'response')) as [{ ':status'?: number }]
    if (head[':status'] !== 200) throw new Error(`answered with ${head[':status']}`)
    if (!stream.closed) await once(stream, 'close')
  }
  const left = session.request({ ':authority': `3000-${name}`, ':path': '/hang' })
  left.on('error', () => {})
  await once(left, 'response')
  const over = once(left, 'close')
  left.close(8)
  await Promise.all([over, ask(), ask()])
  const closed = once(session, 'close')
  session.close()
  await closed
}

async function cutSession(target: ChurnTarget, name: string): Promise<void> {
  const session = await openSession(target)
  const streams = [1, 2, 3].map(() => session.request({ ':authority': `3000-${name}`, ':path': '/hang' }))
  for (const stream of streams) stream.on('error', () => {})
  await Promise.all(streams.map(async (stream) => once(stream, 'response')))
  const closed = once(session, 'close')
  session.destroy()
  await closed
}

/** A client's session of HTTP/2 with the https door. */
export async function openSession({ httpsPort }: ChurnTarget): Promise<ClientHttp2Session> {
  const socket = connectTls({ host: '127.0.0.1', port: httpsPort, ...H2 })
  await once(socket, 'secureConnect')
  const session = connectHttp2('https://drowse.localhost', { createConnection: () => socket })
  session.on('error', () => {}) // what is asked for shows it
  return session
}

/** Whose certificate it is does not matter here. */
const H2 = { servername: 'drowse.localhost', ALPNProtocols: ['h2'], rejectUnauthorized: false }

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.on('error', () => {}) // the close that follows tells
  return socket
}

async function firstOf(socket: Socket): Promise<string> {
  return String((await once(socket, 'data'))[0])
}

async function allOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  if (!socket.closed) await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return text
}

/** Half of the connections are reset, half are closed, as clients do both. */
async function cut(socket: Socket): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  if (Math.random() < 0.5) socket.resetAndDestroy()
  else socket.destroy()
  await closed
}

function expectStart(answer: string, start: string): void {
  if (!answer.startsWith(start)) throw new Error(`answered with "${answer.slice(0, 200)}"`)
}
