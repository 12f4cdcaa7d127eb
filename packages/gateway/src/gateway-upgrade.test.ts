import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { httpCall, rawCall } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let sandbox: FakeSandbox
let ca = ''
const seen: IncomingMessage[] = []
const sockets = new WebSocketServer({ noServer: true })

beforeAll(async () => {
  test = await startTestGateway()
  ca = await readFile(test.caPath, 'utf8')
  const { port, server } = await test.upstream((request, response) => {
    response.statusCode = request.headers.upgrade === undefined ? 200 : 500
    response.end(`plain ${request.headers.upgrade}`)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    seen.push(request)
    if (request.url === '/refuse') socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno')
    else if (request.headers.upgrade === 'echo') {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\nhello ')
      socket.write(head)
      socket.pipe(socket)
    } else
      sockets.handleUpgrade(request, socket, head, (ws) =>
        ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary })),
      )
  })
  sandbox = test.routes.add({ ports: { 3000: port } })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
  sockets.close()
})

async function noneOpen(): Promise<void> {
  await vi.waitFor(() => expect(test.routes.open).toBe(0))
}

function openSocket(door: 'ws' | 'wss', path = '/'): WebSocket {
  const port = door === 'ws' ? test.httpPort : test.httpsPort
  const host = `3000-${sandbox.id}.drowse.localhost`
  const options = { headers: { host }, servername: host, ca }
  return new WebSocket(`${door}://127.0.0.1:${port}${path}`, options)
}

describe('gateway upgrades', () => {
  it.each(['ws', 'wss'] as const)('carry WebSocket messages by the %s door', async (door) => {
    const client = openSocket(door)
    await once(client, 'open')
    expect(test.routes.open).toBe(1)
    const large = Buffer.alloc(3 * 1024 * 1024, 7)
    for (const message of [Buffer.from('hello'), large]) {
      client.send(message)
      const [echo] = (await once(client, 'message')) as [Buffer]
      expect(echo.equals(message)).toBe(true)
    }
    expect(seen.at(-1)?.headers['x-forwarded-proto']).toBe(door === 'ws' ? 'http' : 'https')
    client.close(4000, 'bye')
    expect(await once(client, 'close')).toEqual([4000, Buffer.from('bye')])
    await noneOpen()
  })

  it('wake a sandbox', async () => {
    sandbox.kind = 'asleep'
    const client = openSocket('ws')
    await once(client, 'open')
    client.send('awake')
    expect(String((await once(client, 'message'))[0])).toBe('awake')
    client.terminate()
    await noneOpen()
  })

  it('notice a client that goes away while the sandbox wakes', async () => {
    sandbox.kind = 'asleep'
    let wake = (): void => {}
    test.routes.onWake = async () => new Promise((resolve) => (wake = resolve))
    const before = test.routes.wakeCalls
    const client = openSocket('ws')
    client.on('error', () => {})
    await vi.waitFor(() => expect(test.routes.wakeCalls).toBe(before + 1))
    client.terminate()
    await vi.waitFor(() => expect(test.routes.wakesAbandoned).toBe(1))
    wake()
    test.routes.onWake = async () => {}
    await vi.waitFor(() => expect(sandbox.kind).toBe('running'))
    await noneOpen()
  })

  it('to any protocol pass bytes both ways, those sent early too, and ends', async () => {
    const host = `Host: 3000-${sandbox.id}.x`
    const client = connect(test.httpPort, '127.0.0.1')
    client.write(`GET / HTTP/1.1\r\n${host}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly`)
    let text = ''
    client.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await vi.waitFor(() => expect(text).toContain('hello early'))
    client.end(' late')
    await once(client, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n[^]*\r\n\r\nhello early late$/)
    await noneOpen()
  })

  it.each([
    ['an unknown sandbox', 'i00000000000000000000', '', 502, 'was not found'],
    ['a closed port', '', '1', 502, 'port is not open'],
    ['a refusal of the server', '', '3000', 401, 'no'],
  ])('are answered over http for %s', async (_, id, port, status, text) => {
    const host = `Host: ${port || '3000'}-${id || sandbox.id}.x`
    const reply = await rawCall(
      test.httpPort,
      `GET /refuse HTTP/1.1\r\n${host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    )
    expect(reply).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(reply).toContain(text)
    await noneOpen()
  })

  it('check the traffic token', async () => {
    const secured = test.routes.add({
      access: { trafficAccessToken: 'secret' },
      ports: Object.fromEntries(sandbox.ports),
    })
    const host = `Host: 3000-${secured.id}.x`
    const reply = await rawCall(
      test.httpPort,
      `GET / HTTP/1.1\r\n${host}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
    )
    expect(reply).toMatch(/^HTTP\/1.1 403 /)
  })

  it('to clear-text HTTP/2, with a body, and of API calls are ordinary requests', async () => {
    const upgrade = { connection: 'upgrade, http2-settings', 'http2-settings': 'x' }
    const host = `3000-${sandbox.id}.x`
    const offer = await httpCall({ port: test.httpPort, headers: { host, ...upgrade, upgrade: 'h2c' } })
    expect([offer.status, offer.body]).toEqual([200, 'plain undefined'])
    const headers = { host, ...upgrade, upgrade: 'echo' }
    const withBody = await httpCall({ port: test.httpPort, method: 'POST', headers, body: 'body' })
    expect([withBody.status, withBody.body]).toEqual([200, 'plain undefined'])
    const api = await httpCall({ port: test.httpPort, path: '/x', headers: { ...upgrade, upgrade: 'websocket' } })
    expect(api.body).toBe('{"api":"GET /x"}')
  })

  it('end when the sandbox’s connections are dropped', async () => {
    const client = openSocket('ws')
    await once(client, 'open')
    test.gateway.dropConnections(sandbox.id, 'killed')
    expect((await once(client, 'close'))[0]).toBe(1006)
    await noneOpen()
  })

  it('of a WebSocket end at a pause with a close that says so, behind the last whole message', async () => {
    const client = openSocket('wss')
    const messages: Buffer[] = []
    client.on('message', (data: Buffer) => messages.push(data))
    await once(client, 'open')
    client.send('hello')
    await vi.waitFor(() => expect(messages.map(String)).toEqual(['hello']))
    const serverSide = once(seen.at(-1)!.socket, 'close')
    test.gateway.dropConnections(sandbox.id, 'paused')
    expect(test.routes.open).toBe(0)
    expect(await once(client, 'close')).toEqual([1012, Buffer.from('The sandbox was paused')])
    await serverSide
    expect(messages).toHaveLength(1)
  })

  it.each([
    ['in the middle of a message', 'websocket', Buffer.from([0x82, 5, 1, 2])],
    ['behind a close of its server', 'websocket', Buffer.from([0x88, 0])],
    ['of another protocol', 'echo', Buffer.from('hello ')],
  ])('%s are only cut', async (_, protocol, sent) => {
    const { port, server } = await test.upstream(() => undefined)
    server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => {})
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: ${protocol}\r\n\r\n`)
      socket.write(sent)
    })
    const { id } = test.routes.add({ ports: { 3000: port } })
    const client = connect(test.httpPort, '127.0.0.1').on('error', () => {})
    let bytes = Buffer.alloc(0)
    client.on('data', (chunk: Buffer) => (bytes = Buffer.concat([bytes, chunk])))
    const head = `GET / HTTP/1.1\r\nHost: 3000-${id}.x\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
    client.write(head)
    await vi.waitFor(() => expect(bytes.subarray(-sent.length).equals(sent)).toBe(true))
    test.gateway.dropConnections(id, 'paused')
    await once(client, 'close')
    expect(bytes.subarray(-sent.length).equals(sent)).toBe(true)
    await noneOpen()
  })

  it('end on the server’s side when the client is lost', async () => {
    const client = openSocket('wss')
    await once(client, 'open')
    const closed = once(seen.at(-1)!.socket, 'close')
    client.terminate()
    await closed
    await noneOpen()
  })
})
