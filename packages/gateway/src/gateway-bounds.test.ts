import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { bodyOf, httpCall, rawCall } from './fixtures/http-call.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let sandbox: FakeSandbox
let host = ''

beforeAll(async () => {
  test = await startTestGateway({ limits: { maxConnections: 3, requestsPerSecond: 0 }, headersLimitMs: 300 })
  const { port } = await test.upstream((request, response) => {
    if (request.url === '/') response.end('answer')
    else if (request.url === '/echo') request.pipe(response)
    else response.flushHeaders()
  })
  sandbox = test.routes.add({ ports: { 3000: port, 49_983: port } })
  host = `3000-${sandbox.id}.drowse.localhost`
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

describe('the bound on connections', () => {
  it('refuses requests and upgrades above it, and not the daemon’s; what ends makes room', async () => {
    const streams = Array.from({ length: 3 }, () =>
      httpRequest({ host: '127.0.0.1', port: test.httpPort, agent: false, path: '/stream', headers: { host } }),
    )
    for (const stream of streams) {
      stream.on('error', () => {})
      stream.end()
      await once(stream, 'response')
    }
    const refused = await httpCall({ port: test.httpPort, headers: { host } })
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1'])
    expect(JSON.parse(refused.body)).toMatchObject({ message: 'Too many connections to this sandbox: 3 are open' })
    const socket = new WebSocket(`ws://127.0.0.1:${test.httpPort}/`, { headers: { host } })
    const [error] = (await once(socket, 'error')) as [Error]
    expect(error.message).toContain('429')
    const daemon = { host: `49983-${sandbox.id}.drowse.localhost` }
    expect((await httpCall({ port: test.httpPort, headers: daemon })).status).toBe(200)
    streams[0]?.destroy()
    await vi.waitFor(async () => expect((await httpCall({ port: test.httpPort, headers: { host } })).status).toBe(200))
    for (const stream of streams) stream.destroy()
    await vi.waitFor(() => expect(test.routes.open).toBe(0))
  })
})

describe('a slow client', () => {
  it('is answered 408 when its headers do not end in time, and when it says nothing at all', async () => {
    const slow = rawCall(test.httpPort, `GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `)
    const silent = rawCall(test.httpPort, '')
    expect(await slow).toMatch(/^HTTP\/1\.1 408 /)
    expect(await silent).toMatch(/^(HTTP\/1\.1 408 |$)/)
  })

  it('is cut off also while it goes on sending a header byte by byte', async () => {
    const socket = connect(test.httpPort, '127.0.0.1')
    socket.on('error', () => {})
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `)
    const step = setInterval(() => socket.write('x'), 20)
    await once(socket.resume(), 'close')
    clearInterval(step)
    expect(socket.destroyed).toBe(true)
  })

  it('costs the same however many there are: all are gone after the limit', async () => {
    const sockets = Array.from({ length: 200 }, () => connect(test.httpPort, '127.0.0.1').on('error', () => {}))
    for (const socket of sockets) socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `)
    const step = setInterval(() => {
      for (const socket of sockets) socket.write('x')
    }, 50)
    await Promise.all(sockets.map(async (socket) => once(socket.resume(), 'close')))
    clearInterval(step)
    expect(test.routes.open).toBe(0)
  })

  it('may take its time with a body', async () => {
    const call = { host: '127.0.0.1', port: test.httpPort, agent: false, method: 'POST' }
    const request = httpRequest({ ...call, path: '/echo', headers: { host, 'content-length': '4' } })
    request.write('ab')
    const answered = once(request, 'response')
    await rawCall(test.httpPort, '') // a whole limit passes
    request.end('cd')
    const [response] = (await answered) as [IncomingMessage]
    expect(await bodyOf(response)).toBe('abcd')
  })
})
