import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestGuest, type TestGuest } from '../testing/test-guest.ts'

let guest: TestGuest
let echo: Server

beforeEach(async () => {
  guest = await startTestGuest()
  echo = createTcpServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(echo, 'listening')
})
afterEach(async () => {
  await guest[Symbol.asyncDispose]()
  echo.close()
})

const echoPort = (): number => (echo.address() as AddressInfo).port

async function tunnel(port: number | string, headers: Record<string, string> = {}): Promise<Socket | number> {
  const call = request(`${guest.url}/tunnel?port=${port}`, {
    agent: false,
    headers: { Connection: 'Upgrade', Upgrade: 'drowse-tunnel', ...headers },
  })
  call.end()
  return new Promise((resolve, reject) => {
    call.on('error', reject)
    call.on('response', (response) => resolve(response.statusCode ?? 0))
    call.on('upgrade', (_: IncomingMessage, socket: Socket) => resolve(socket))
  })
}

describe('GET /tunnel', () => {
  it('passes bytes both ways, and each end by itself', async () => {
    const socket = (await tunnel(echoPort())) as Socket
    const large = Buffer.alloc(3_000_000, 'x')
    socket.end(large)
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).equals(large)).toBe(true)
  })

  it('refuses ports where nothing listens, its own, and nonsense', async () => {
    const own = Number(new URL(guest.url).port)
    const free = createTcpServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as AddressInfo
    free.close()
    await once(free, 'close')
    for (const refused of [port, own, 0, 70_000, 'x', '']) expect(await tunnel(refused)).toBe(502)
  })

  it('needs the token', async () => {
    await guest.init({ accessToken: 'a' })
    expect(await tunnel(echoPort())).toBe(401)
    const socket = await tunnel(echoPort(), { 'X-Access-Token': 'a' })
    expect(socket).not.toBeTypeOf('number')
    ;(socket as Socket).destroy()
  })

  it('is dropped at a wake', async () => {
    const socket = (await tunnel(echoPort())) as Socket
    socket.on('error', () => undefined)
    const isClosed = once(socket, 'close')
    await guest.init()
    socket.resume()
    await isClosed
  })

  it('leaves other offers of protocols to be declined', async () => {
    const socket = connect(Number(new URL(guest.url).port), '127.0.0.1')
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n')
    const [data] = (await once(socket, 'data')) as [Buffer]
    expect(data.toString()).toContain('204')
    socket.destroy()
  })
})
