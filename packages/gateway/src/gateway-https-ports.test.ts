import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { httpCall, type HttpAnswer } from './fixtures/http-call.ts'
import { DOMAIN, startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'
import { issueAuthority, issueLeaf } from './tls/issue.ts'

let test: TestGateway
let server: Server
let sandbox: FakeSandbox
const connections = new Set<TLSSocket>()

beforeAll(async () => {
  test = await startTestGateway()
  const leaf = await issueLeaf(await issueAuthority(DOMAIN, Date.now()), DOMAIN, Date.now())
  server = createServer({ key: leaf.key, cert: leaf.cert }, (request, response) => {
    connections.add(request.socket as TLSSocket)
    request.pipe(response)
  })
  new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send(data)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const plain = await test.upstream((_, response) => response.end('plain'))
  sandbox = test.routes.add({
    access: { httpsPorts: [8443, 9443] },
    ports: { 8443: port, 9443: plain.port, 3000: port },
  })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
  server.closeAllConnections()
  server.close()
})

async function ask(port: number, body: string): Promise<HttpAnswer> {
  const host = `${port}-${sandbox.id}.${DOMAIN}`
  return httpCall({ port: test.httpPort, method: 'POST', headers: { host }, body })
}

describe('a https port', () => {
  it('is reached by TLS, whatever its certificate, on a connection that is used again', async () => {
    expect((await ask(8443, 'one')).body).toBe('one')
    expect((await ask(8443, 'two')).body).toBe('two')
    expect(connections.size).toBe(1)
  })

  it('takes WebSockets', async () => {
    const host = `8443-${sandbox.id}.${DOMAIN}`
    const socket = new WebSocket(`ws://127.0.0.1:${test.httpPort}/`, { headers: { host } })
    await once(socket, 'open')
    socket.send('hello')
    expect(String((await once(socket, 'message'))[0])).toBe('hello')
    socket.close()
    await once(socket, 'close')
  })

  it('without a server that speaks TLS is as one that is not open', async () => {
    expect(await ask(9443, '')).toMatchObject({ status: 502, body: expect.stringContaining('port is not open') })
  })

  it('is only what is named: a server that speaks TLS on another port gets plain http', async () => {
    expect((await ask(3000, '')).status).toBe(502)
  })
})
