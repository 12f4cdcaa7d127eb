import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { httpCall } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let sandbox: FakeSandbox
const asked: (string | undefined)[] = []
const sockets = new WebSocketServer({ noServer: true })

beforeAll(async () => {
  test = await startTestGateway()
  // Stands for a server on the guest's loopback: the fake control plane has no address of its own for its port.
  const inside = await test.upstream((request, response) => void request.pipe(response))
  inside.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
    sockets.handleUpgrade(request, socket, head, (ws) => ws.on('message', (data) => ws.send(data))),
  )
  const daemon = await test.upstream((_request, response) => response.end('daemon'))
  daemon.server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    asked.push(`${request.url} ${String(request.headers['x-access-token'])}`)
    if (request.url !== '/tunnel?port=3000') {
      socket.end('HTTP/1.1 502 Refused\r\n\r\n')
      return
    }
    const server = connect(inside.port, '127.0.0.1')
    socket.on('error', () => server.destroy())
    server.on('error', () => socket.destroy())
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: drowse-tunnel\r\n\r\n')
    socket.pipe(server).pipe(socket)
  })
  sandbox = test.routes.add({ ports: { 49983: daemon.port }, access: { accessToken: 'secret' } })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
  sockets.close()
})

const to = (port: number) => ({ port: test.httpPort, headers: { host: `${port}-${sandbox.id}.drowse.localhost` } })

describe('a port that is open on the loopback of a sandbox only', () => {
  it('is reached by way of the daemon, with its token and the request whole', async () => {
    const answer = await httpCall({ ...to(3000), method: 'POST', body: 'through' })
    expect(answer).toMatchObject({ status: 200, body: 'through' })
    expect(asked.at(-1)).toBe('/tunnel?port=3000 secret')
  })

  it('carries WebSockets', async () => {
    const client = new WebSocket(`ws://127.0.0.1:${test.httpPort}/`, to(3000))
    await once(client, 'open')
    client.send('hi')
    const [data] = (await once(client, 'message')) as [Buffer]
    expect(data.toString()).toBe('hi')
    client.close()
    await once(client, 'close')
  })

  it('is closed when the daemon says so', async () => {
    const answer = await httpCall(to(3001))
    expect(answer).toMatchObject({ status: 502, body: expect.stringContaining('port is not open') })
  })

  it('has no other way from outside', async () => {
    const before = asked.length
    const call = to(49983)
    const headers = { ...call.headers, Connection: 'Upgrade', Upgrade: 'drowse-tunnel', 'X-Access-Token': 'secret' }
    expect((await httpCall({ ...call, path: '/tunnel?port=3000', headers })).status).toBe(404)
    expect(asked.length).toBe(before)
  })
})
