import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { getDefaultHighWaterMark, setDefaultHighWaterMark } from 'node:stream'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
const usual = getDefaultHighWaterMark(false)

beforeAll(async () => {
  // With more on its way at once, a client is surely still sending when the answer comes.
  setDefaultHighWaterMark(false, 512 * 1024)
  test = await startTestGateway()
})
afterAll(async () => {
  await test[Symbol.asyncDispose]()
  setDefaultHighWaterMark(false, usual)
})

it('an answer in the middle of an upload leaves the connection to the requests behind it', async () => {
  const { port } = await test.upstream((request, response) => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > 1_000_000 && !response.headersSent) response.writeHead(507).end('full')
    })
  })
  const sandbox = test.routes.add({ ports: { 3000: port } })
  const headers = { 'E2b-Sandbox-Id': sandbox.id, 'E2b-Sandbox-Port': '3000' }
  const body = Buffer.alloc(8_000_000)
  for (let i = 0; i < 5; i++) {
    const response = await fetch(`http://127.0.0.1:${test.httpPort}/`, { method: 'POST', headers, body })
    expect([response.status, await response.text()]).toEqual([507, 'full'])
  }
})

it('an answer of a server that closes without reading the body comes through', async () => {
  // As Python's http.server does with what it does not serve: the close, with a body unread, is a reset behind the answer.
  await using server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => {})
    socket.write('HTTP/1.1 501 Unsupported\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const sandbox = test.routes.add({ ports: { 3000: (server.address() as AddressInfo).port } })
  const headers = { 'E2b-Sandbox-Id': sandbox.id, 'E2b-Sandbox-Port': '3000' }
  for (let i = 0; i < 50; i++) {
    const call = request({ host: '127.0.0.1', port: test.httpPort, method: 'POST', headers })
    call.on('error', () => {})
    const answered = once(call, 'response') as Promise<[IncomingMessage]>
    for (let part = 0; part < 20; part++) {
      call.write('part')
      await new Promise(setImmediate)
    }
    call.end()
    const [response] = await answered
    expect([response.statusCode, await text(response)]).toEqual([501, 'no'])
  }
})
