import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setImmediate as tick } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bodyOf } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

const BYTES = randomBytes(2 * 1024 * 1024 + 13)
const HEAD = `HTTP/1.1 200 OK\r\nContent-Length: ${BYTES.length}\r\n\r\n`

let test: TestGateway
let sandbox: FakeSandbox
let server: Server
/** What the server does with each request that comes on a connection; it is told the first line. */
let onRequest: (socket: Socket, line: string) => void = () => {}

beforeAll(async () => {
  test = await startTestGateway()
  server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.on('data', (bytes) => onRequest(socket, bytes.toString('latin1').split('\r\n', 1)[0] ?? ''))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  sandbox = test.routes.add({ ports: { 3000: (server.address() as AddressInfo).port } })
})

afterAll(async () => {
  server.close()
  await test[Symbol.asyncDispose]()
})

async function ask(method = 'GET', agent: Agent | false = false): Promise<IncomingMessage> {
  const headers = { host: `3000-${sandbox.id}.drowse.localhost` }
  const request = httpRequest({ host: '127.0.0.1', port: test.httpPort, agent, method, headers })
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

async function served(): Promise<Socket> {
  return new Promise((resolve) => (onRequest = resolve))
}

/** An answer of which a part has come, and the server's end of its connection. */
async function halfAnswered(): Promise<{ socket: Socket; response: IncomingMessage }> {
  const arrived = served()
  const answered = ask()
  const socket = await arrived
  socket.write(Buffer.concat([Buffer.from(HEAD), BYTES.subarray(0, 512 * 1024)]))
  const response = await answered
  await once(response, 'data')
  return { socket, response }
}

async function hashOf(body: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of body) hash.update(piece as Buffer)
  return hash.digest('hex')
}

const HASH = createHash('sha256').update(BYTES).digest('hex')

/** A connection that is cut with bytes unread ends with an error first. */
async function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()))
}

async function noneOpen(): Promise<void> {
  await vi.waitFor(() => expect(test.routes.open).toBe(0))
}

describe('a long body of known length', () => {
  it.each([0, 1, 100, 64 * 1024, 512 * 1024, 1.5 * 1024 * 1024])(
    'arrives unchanged when %i bytes of it come with the head',
    async (first) => {
      onRequest = (socket) => {
        socket.write(Buffer.concat([Buffer.from(HEAD), BYTES.subarray(0, first)]))
        setImmediate(() => socket.write(BYTES.subarray(first)))
      }
      expect(await hashOf(await ask())).toBe(HASH)
      await noneOpen()
    },
  )

  it('arrives unchanged beside others, and by clients that read slowly', { timeout: 60_000 }, async () => {
    onRequest = (socket) => void socket.write(Buffer.concat([Buffer.from(HEAD), BYTES]))
    const hashes = await Promise.all(
      Array.from({ length: 70 }, async (_, index) => {
        const response = await ask()
        if (index % 2 === 0) return hashOf(response)
        for (let turn = 0; turn < 50; turn++) await tick()
        return hashOf(response)
      }),
    )
    expect(new Set(hashes)).toEqual(new Set([HASH]))
    await noneOpen()
  })

  it('leaves the client’s connection open for the next request', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onRequest = (socket, line) =>
      void socket.write(
        line.startsWith('GET')
          ? Buffer.concat([Buffer.from(HEAD), BYTES])
          : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      )
    const first = await ask('GET', agent)
    const { localPort } = first.socket
    expect(await hashOf(first)).toBe(HASH)
    const second = await ask('DELETE', agent)
    expect([second.statusCode, second.socket.localPort]).toEqual([200, localPort])
    second.resume()
    agent.destroy()
    await noneOpen()
  })

  it('ends where it was said to end, whatever follows', async () => {
    onRequest = (socket) =>
      void socket.write(Buffer.concat([Buffer.from(HEAD), BYTES, Buffer.from('HTTP/1.1 200 OK\r\n\r\n')]))
    expect(await hashOf(await ask())).toBe(HASH)
    expect(await hashOf(await ask())).toBe(HASH)
    await noneOpen()
  })

  it('is not waited for behind HEAD and 304', async () => {
    onRequest = (socket, line) =>
      void socket.write(line.startsWith('HEAD') ? HEAD : HEAD.replace('200 OK', '304 Not Modified'))
    for (const method of ['HEAD', 'GET']) {
      const response = await ask(method)
      expect(Number(response.headers['content-length'])).toBe(BYTES.length)
      await hashOf(response)
    }
    await noneOpen()
  })

  it('comes no faster than the client takes it', async () => {
    const arrived = served()
    const answered = ask()
    const socket = await arrived
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${1024 ** 3}\r\n\r\n`)
    const response = await answered
    let written = 0
    for (let idle = 0; idle < 2_000; idle++) {
      while (!socket.writableNeedDrain && written < 128 * 1024 * 1024) {
        socket.write(BYTES.subarray(0, 64 * 1024))
        written += 64 * 1024
        idle = 0
      }
      await tick()
    }
    expect(written).toBeLessThan(32 * 1024 * 1024)
    const closed = closeOf(socket)
    response.on('error', () => {})
    response.destroy()
    await closed
    await noneOpen()
  })

  it.each(['ends', 'breaks'])('is cut for the client when the server’s connection %s in the middle', async (how) => {
    const { socket, response } = await halfAnswered()
    if (how === 'ends') socket.end()
    else socket.resetAndDestroy()
    await expect(hashOf(response)).rejects.toThrow('aborted')
    await noneOpen()
  })

  it('is cut when its sandbox stops', async () => {
    const { socket, response } = await halfAnswered()
    const closed = closeOf(socket)
    test.gateway.dropConnections(sandbox.id, 'paused')
    await expect(hashOf(response)).rejects.toThrow('aborted')
    await closed
    await noneOpen()
  })
})

describe('a long body of a request', () => {
  it.each([{ 'content-length': BYTES.length }, { 'transfer-encoding': 'chunked' }])(
    'arrives unchanged at the server, with %o',
    async (headers) => {
      const { port } = await test.upstream((request, response) => {
        const hash = createHash('sha256')
        request.on('data', (piece: Buffer) => hash.update(piece)).on('end', () => response.end(hash.digest('hex')))
      })
      const { id } = test.routes.add({ ports: { 3000: port } })
      const hashes = Array.from({ length: 8 }, async () => {
        const host = `3000-${id}.drowse.localhost`
        const call = { host: '127.0.0.1', port: test.httpPort, agent: false as const, method: 'POST' }
        const request = httpRequest({ ...call, headers: { host, ...headers } })
        for (let at = 0; at < BYTES.length; at += 200_000) {
          if (!request.write(BYTES.subarray(at, at + 200_000))) await once(request, 'drain')
        }
        request.end()
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        return bodyOf(response)
      })
      expect(new Set(await Promise.all(hashes))).toEqual(new Set([HASH]))
    },
  )
})
