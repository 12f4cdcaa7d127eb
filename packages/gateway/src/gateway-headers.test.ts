import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { httpCall, rawCall } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

const SERVER_HEADERS = [
  ['Set-Cookie', 'a=1'],
  ['Set-Cookie', 'b=2'],
  ['X-App', 'kept'],
  ['Connection', 'close, x-hop'],
  ['X-Hop', 'gone'],
  ['Keep-Alive', 'timeout=9'],
  ['Proxy-Authenticate', 'Basic'],
  ['Upgrade', 'h2c'],
]

let test: TestGateway
let sandbox: FakeSandbox
let seen: IncomingMessage[] = []

beforeAll(async () => {
  test = await startTestGateway()
  const { port } = await test.upstream((request, response) => {
    seen.push(request)
    response.writeHead(200, 'Fine', SERVER_HEADERS.flat())
    response.end('ok')
  })
  sandbox = test.routes.add({
    access: { trafficAccessToken: 'traffic', accessToken: 'daemon' },
    ports: { 3000: port, 49_983: port },
  })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

async function headersFor(port: number, headers: OutgoingHttpHeaders): Promise<IncomingMessage['headers']> {
  seen = []
  const host = `${port}-${sandbox.id}.drowse.localhost`
  await httpCall({ port: test.httpPort, headers: { host, 'e2b-traffic-access-token': 'traffic', ...headers } })
  return seen[0]!.headers
}

describe('gateway request headers', () => {
  it('keep the client’s own, in order and spelling, with its Host', async () => {
    const headers = await headersFor(3000, {
      'X-Custom': 'a',
      cookie: 'c=1',
      authorization: 'Basic x',
      'x-access-token': 't',
    })
    expect(headers).toMatchObject({ 'x-custom': 'a', cookie: 'c=1', authorization: 'Basic x', 'x-access-token': 't' })
    expect(headers.host).toBe(`3000-${sandbox.id}.drowse.localhost`)
    expect(seen[0]!.rawHeaders).toContain('X-Custom')
  })

  it('lose routing, the traffic token and what speaks of the connection', async () => {
    const headers = await headersFor(3000, {
      'e2b-sandbox-id': sandbox.id,
      'novita-sandbox-port': '3000',
      connection: 'keep-alive, x-mine',
      'x-mine': '1',
      'keep-alive': 'timeout=1',
      'proxy-authorization': 'x',
      'proxy-connection': 'x',
      te: 'trailers, gzip',
    })
    expect(headers.te).toBe('trailers')
    expect(Object.keys(headers).toSorted()).toEqual(
      ['connection', 'host', 'te', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'].toSorted(),
    )
  })

  it('cannot take away Host or a token by naming it in Connection', async () => {
    const headers = await headersFor(3000, {
      connection: 'host, x-access-token, content-length',
      'x-access-token': 't',
    })
    expect(headers).toMatchObject({ host: expect.any(String), 'x-access-token': 't' })
  })

  it('say who the client is, whatever it says itself', async () => {
    const forged = {
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil',
      'x-forwarded-proto': 'https',
      forwarded: 'for=1',
      'x-real-ip': '1',
    }
    const headers = await headersFor(3000, forged)
    expect(headers).toMatchObject({
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': `3000-${sandbox.id}.drowse.localhost`,
      'x-forwarded-proto': 'http',
    })
    expect([headers.forwarded, headers['x-real-ip']]).toEqual([undefined, undefined])
  })

  it('say so to servers too that take an underscore for a hyphen', async () => {
    const headers = await headersFor(3000, {
      x_forwarded_for: '1.2.3.4',
      'x-forwarded_proto': 'https',
      X_Real_IP: '1',
      e2b_traffic_access_token: 'x',
      my_own: 'kept',
    })
    expect(Object.keys(headers).filter((name) => name.includes('_'))).toEqual(['my_own'])
  })

  it('keep a user’s own API key from nobody and the platform’s from everybody', async () => {
    expect((await headersFor(3000, { 'x-api-key': 'users-own' }))['x-api-key']).toBe('users-own')
    expect((await headersFor(3000, { 'x-api-key': 'e2b_0123abcd' }))['x-api-key']).toBeUndefined()
    expect((await headersFor(49_983, { 'x-api-key': 'users-own' }))['x-api-key']).toBeUndefined()
  })

  it('carry the masked Host on every port but the daemon’s', async () => {
    sandbox.access = { ...sandbox.access, maskRequestHost: 'localhost:${PORT}' }
    expect((await headersFor(3000, {})).host).toBe('localhost:3000')
    expect((await headersFor(49_983, {})).host).toBe(`49983-${sandbox.id}.drowse.localhost`)
    sandbox.access = { trafficAccessToken: 'traffic' }
  })

  it('keep the client’s Host when routed by header', async () => {
    seen = []
    const routing = { 'e2b-sandbox-id': sandbox.id, 'e2b-sandbox-port': '49983', host: 'localhost:1234' }
    await httpCall({ port: test.httpPort, path: '/health', headers: routing })
    expect(seen[0]!.headers.host).toBe('localhost:1234')
  })

  it('and answers larger than any real one are refused with an answer', async () => {
    const { port } = await test.upstream((_, response) => response.end('ok'))
    sandbox.ports.set(3001, port)
    const host = `3001-${sandbox.id}.x`
    const answer = await httpCall({
      port: test.httpPort,
      headers: { host, 'e2b-traffic-access-token': 'traffic', 'x-large': 'x'.repeat(70_000) },
    })
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([431, 431])
    const bomb = await test.upstream((_, response) => response.writeHead(200, { 'x-large': 'x'.repeat(200_000) }).end())
    sandbox.ports.set(3001, bomb.port)
    const refused = await httpCall({ port: test.httpPort, headers: { host, 'e2b-traffic-access-token': 'traffic' } })
    expect(refused.status).toBe(502)
  })
})

describe('gateway response headers', () => {
  it('keep the server’s own and lose what speaks of its connection', async () => {
    const host = `3000-${sandbox.id}.x`
    const reply = await rawCall(
      test.httpPort,
      `GET / HTTP/1.1\r\nHost: ${host}\r\nE2b-Traffic-Access-Token: traffic\r\nConnection: close\r\n\r\n`,
    )
    expect(reply).toMatch(/^HTTP\/1\.1 200 Fine\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-App: kept\r\n/)
    expect(reply).not.toMatch(/x-hop|timeout=9|proxy-authenticate|h2c/i)
  })
})
