import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { rawCall } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let sandbox: FakeSandbox
/** Bodies that the server in the sandbox got whole. */
let whole: string[] = []

beforeAll(async () => {
  test = await startTestGateway()
  const { port } = await test.upstream((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.once('end', () => {
      whole.push(`${request.method} ${request.url} ${body}`)
      response.end('ok')
    })
  })
  sandbox = test.routes.add({ ports: { 3000: port } })
})

afterEach(() => {
  whole = []
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

async function send(lines: string[], body = ''): Promise<string> {
  return rawCall(test.httpPort, `${[...lines].join('\r\n')}\r\n\r\n${body}`)
}

function host(): string {
  return `Host: 3000-${sandbox.id}.x`
}

describe('gateway refuses', () => {
  it.each([
    ['Content-Length with Transfer-Encoding', ['Content-Length: 4', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['two Content-Lengths', ['Content-Length: 4', 'Content-Length: 4'], 'body'],
    ['a Content-Length that is a list', ['Content-Length: 4, 4'], 'body'],
    ['a Content-Length that is no number', ['Content-Length: +4'], 'body'],
    ['an unknown Transfer-Encoding', ['Transfer-Encoding: xchunked'], '0\r\n\r\n'],
    ['a stacked Transfer-Encoding', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n'],
    ['a second Host', ['Host: localhost'], ''],
    ['a header with a space before its colon', ['X-A : b'], ''],
    ['a folded header', ['X-A: b', ' c'], ''],
    ['a header with a NUL', ['X-A: b\0c'], ''],
  ])('%s', async (_, extra, body) => {
    const reply = await send(['POST / HTTP/1.1', host(), ...extra, 'Connection: close'], body)
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(reply).toMatch(/"code":400}\n$/)
    expect(whole).toEqual([])
  })

  it.each(['user@', 'a/', 'a, ', 'ä', '<b>', 'a\x7f', '"', 'a:80:', '[::1', 'a b', '#', '?a'])(
    'a Host that is none, of a sandbox or of the API: %s',
    async (part) => {
      for (const name of [`${part}3000-${sandbox.id}.x`, `3000-${sandbox.id}.x${part}`, `${part}localhost`]) {
        const reply = await send(['GET /seen HTTP/1.1', `Host: ${name}`, 'Connection: close'])
        expect([name, reply.slice(0, 12)]).toEqual([name, 'HTTP/1.1 400'])
      }
      expect(whole).toEqual([])
    },
  )

  it.each(['', ':80', '.', '.:80', '.Drowse.LOCALHOST', '-client.x'])('no Host that is one: "%s"', async (rest) => {
    const name = rest.startsWith('-') ? `3000-${sandbox.id}${rest}` : `3000-${sandbox.id.toUpperCase()}.x${rest}`
    const reply = await send(['GET /seen HTTP/1.1', `Host: ${name}`, 'Connection: close'])
    expect([name, reply.slice(0, 12)]).toEqual([name, 'HTTP/1.1 200'])
    expect(whole).toEqual(['GET /seen '])
  })

  it.each([
    ['a bad chunk size', 'x\r\nbody\r\n0\r\n\r\n'],
    ['a chunk longer than its size', '2\r\nbody\r\n0\r\n\r\n'],
    ['a bare line feed after a chunk', '4\r\nbody\n0\r\n\r\n'],
  ])('%s, and the server never takes the body for whole', async (_, body) => {
    const reply = await send(['POST / HTTP/1.1', host(), 'Transfer-Encoding: chunked'], body)
    expect(reply).toMatch(/^(HTTP\/1\.1 400 |$)/)
    expect(whole).toEqual([])
  })

  it.each([
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['HTTP without Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['CONNECT', `CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n`],
    ['an unknown version', 'GET / HTTP/3.7\r\nHost: a\r\n\r\n'],
  ])('%s', async (_, text) => {
    expect(await rawCall(test.httpPort, text)).toMatch(/^HTTP\/1\.1 (400|505) /)
  })

  it('a whole url in place of a path', async () => {
    const reply = await send(['GET http://localhost/init HTTP/1.1', `Host: 49983-${sandbox.id}.x`, 'Connection: close'])
    expect(reply).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('nothing of a well-formed pipeline, and answers in order', async () => {
    const reply = await rawCall(
      test.httpPort,
      `POST /1 HTTP/1.1\r\n${host()}\r\nContent-Length: 3\r\n\r\none` +
        `POST /2 HTTP/1.1\r\n${host()}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n` +
        `GET /3 HTTP/1.1\r\n${host()}\r\nConnection: close\r\n\r\n`,
    )
    expect(whole.toSorted()).toEqual(['GET /3 ', 'POST /1 one', 'POST /2 two'])
    expect(reply.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3)
  })

  it('not HTTP/1.0, whose answer ends with the connection', async () => {
    const reply = await send(['GET / HTTP/1.0', host()])
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok$/)
    expect(reply).not.toMatch(/transfer-encoding/i)
  })

  it('and goes on serving', async () => {
    expect(await send(['GET / HTTP/1.1', host(), 'Connection: close'])).toMatch(/^HTTP\/1\.1 200 /)
    expect(test.routes.open).toBe(0)
  })
})
