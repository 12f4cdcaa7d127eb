import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent } from 'node:https'
import { constants, type IncomingHttpHeaders } from 'node:http2'
import { pipeline } from 'node:stream/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocketServer, WebSocket } from 'ws'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { http2Client, type Http2Client } from './fixtures/http2-call.ts'
import { bodyOf } from './fixtures/http-call.ts'
import { liveBuffers } from './fixtures/live-buffers.ts'
import { DOMAIN, startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let client: Http2Client
let sandbox: FakeSandbox
let authority = ''
/** What the server in the sandbox does with a request. */
let serve: (request: IncomingMessage, response: ServerResponse) => void

beforeAll(async () => {
  test = await startTestGateway()
  const { port, server } = await test.upstream((request, response) => serve(request, response))
  new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (text) => socket.send(text)))
  sandbox = test.routes.add({ ports: { 3000: port, 49_983: port } })
  authority = `3000-${sandbox.id}.${DOMAIN}:${test.httpsPort}`
})

beforeEach(async () => {
  client = await http2Client(test)
  sandbox.kind = 'running'
  sandbox.access = {}
})

afterEach(async () => {
  client[Symbol.dispose]()
  await vi.waitFor(() => expect(test.routes.open).toBe(0))
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

function at(path: string, more: Record<string, string | string[]> = {}): Record<string, string | string[]> {
  return { ':authority': authority, ':path': path, ...more }
}

describe('a request over HTTP/2', () => {
  it('reaches the sandbox as HTTP/1.1 with its host, headers and body, and its answer comes back', async () => {
    serve = (request, response) => {
      void bodyOf(request).then((body) => {
        response.setHeader('Set-Cookie', ['a=1', 'b=2'])
        response.setHeader('X-Seen', 'yes')
        response.end(JSON.stringify([request.method, request.url, request.httpVersion, request.headers, body]))
      })
    }
    const answer = await client.call(at('/p?q=1', { cookie: ['x=1', 'y=2'], 'x-own': 'v' }), 'body')
    expect([answer.status, answer.headers['set-cookie'], answer.headers['x-seen']]).toEqual([
      200,
      ['a=1', 'b=2'],
      'yes',
    ])
    expect(answer.headers).not.toHaveProperty('connection')
    expect(JSON.parse(answer.body)).toEqual([
      'POST',
      '/p?q=1',
      '1.1',
      {
        host: authority,
        cookie: 'x=1; y=2',
        'x-own': 'v',
        'transfer-encoding': 'chunked',
        connection: 'keep-alive',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': authority,
      },
      'body',
    ])
  })

  it('goes to the API by its name, and to a sandbox by routing headers', async () => {
    serve = (_, response) => response.end('inside')
    expect((await client.call({ ':authority': `api.${DOMAIN}`, ':path': '/health' })).body).toBe(
      '{"api":"GET /health"}',
    )
    const routed = { 'e2b-sandbox-id': sandbox.id, 'e2b-sandbox-port': '3000' }
    expect((await client.call({ ':authority': DOMAIN, ...routed })).body).toBe('inside')
    expect((await client.call({ ':authority': DOMAIN, 'e2b-sandbox-id': sandbox.id })).status).toBe(400)
  })

  it.each(['GET', 'HEAD', 'POST', 'DELETE'])('%s without a body, and answers without one', async (method) => {
    serve = (request, response) => {
      response.statusCode = request.url === '/204' ? 204 : 200
      response.setHeader('x-framing', `${request.headers['content-length']} ${request.headers['transfer-encoding']}`)
      if (request.url === '/204') response.end()
      else response.end('body')
    }
    const framing = method === 'POST' ? '0 undefined' : 'undefined undefined'
    const whole = await client.call(at('/', { ':method': method }))
    expect([whole.status, whole.headers['x-framing'], whole.body]).toEqual([
      200,
      framing,
      method === 'HEAD' ? '' : 'body',
    ])
    const none = await client.call(at('/204', { ':method': method }))
    expect([none.status, none.body]).toEqual([204, ''])
  })

  it('carries trailers both ways', async () => {
    serve = (request, response) => {
      void bodyOf(request).then(() => {
        response.writeHead(200, { trailer: 'x-after' })
        response.write('part')
        response.addTrailers({ 'x-after': String(request.trailers['x-before']) })
        response.end()
      })
    }
    const stream = client.session.request(at('/', { ':method': 'POST' }), { waitForTrailers: true })
    stream.once('wantTrailers', () => stream.sendTrailers({ 'x-before': 'mine', 'transfer-encoding': undefined }))
    stream.end('body')
    const trailers = once(stream, 'trailers')
    expect(await bodyOf(stream)).toBe('part')
    expect(((await trailers) as [IncomingHttpHeaders])[0]['x-after']).toBe('mine')
  })

  it('asks before it sends when it says so', async () => {
    const told: string[] = []
    serve = (request, response) => void bodyOf(request).then((body) => response.end(body))
    const stream = client.open(at('/', { ':method': 'POST', expect: '100-continue' }), { endStream: false })
    await once(stream, 'continue')
    told.push('continue')
    stream.end('now')
    expect([await bodyOf(stream), told]).toEqual(['now', ['continue']])
    const api = { ':authority': DOMAIN, ':method': 'POST', ':path': '/x' }
    const asked = client.open({ ...api, expect: '100-continue' }, { endStream: false })
    await once(asked, 'continue')
    asked.end()
    expect(await bodyOf(asked)).toBe('{"api":"POST /x"}')
    expect((await client.call({ ...api, expect: 'more' }, '')).status).toBe(417)
  })

  it('streams both ways at once, many beside each other', async () => {
    serve = (request, response) => {
      response.flushHeaders()
      request.pipe(response)
    }
    const streams = Array.from({ length: 50 }, (_, i) => ({
      text: `${i}`,
      stream: client.open(at('/', { ':method': 'POST' }), { endStream: false }),
    }))
    for (const { stream } of streams) await once(stream, 'response')
    for (const { stream, text } of streams) stream.write(text)
    for (const { stream, text } of streams) {
      const [chunk] = (await once(stream, 'data')) as [Buffer]
      expect(chunk.toString()).toBe(text)
      stream.end(' and more')
      expect(await bodyOf(stream)).toBe(' and more')
    }
  })

  it('is not read ahead of a slow server, nor its answer ahead of a slow client', async () => {
    let inside: IncomingMessage | undefined
    serve = (request, response) => {
      inside = request
      if (request.method === 'GET') endless(response)
    }
    const upload = client.open(at('/', { ':method': 'POST' }), { endStream: false })
    const chunk = Buffer.alloc(64 * 1024)
    let sent = 0
    const push = (): void => {
      while (upload.write(chunk)) sent += chunk.length
      sent += chunk.length
    }
    upload.on('drain', push)
    push()
    await vi.waitFor(() => expect(inside).toBeDefined())
    const settled = async (read: () => number): Promise<number> => {
      let last = -1
      await vi.waitFor(
        () => {
          const before = last
          last = read()
          expect(last).toBe(before)
        },
        { interval: 200, timeout: 10_000 },
      )
      return last
    }
    expect(await settled(() => sent)).toBeLessThan(16 * 1024 * 1024)
    upload.close(constants.NGHTTP2_CANCEL)
    let written = 0
    function endless(response: ServerResponse): void {
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length
        written += chunk.length
      }
      response.on('drain', more)
      more()
    }
    const download = client.open(at('/'))
    await once(download, 'response')
    expect(await settled(() => written)).toBeLessThan(16 * 1024 * 1024)
    download.close(constants.NGHTTP2_CANCEL)
  })

  it('carries 96 MiB each way in bounded memory', async () => {
    const chunk = Buffer.alloc(64 * 1024)
    const chunks = 1_536
    function* all(): Generator<Buffer> {
      for (let i = 0; i < chunks; i++) yield chunk
    }
    let most = 0
    const count = async (body: AsyncIterable<unknown>): Promise<number> => {
      let bytes = 0
      let lookAt = 0
      for await (const part of body) {
        bytes += (part as Buffer).length
        if (bytes < lookAt) continue
        most = Math.max(most, liveBuffers())
        lookAt = bytes + 2 * 1024 * 1024
      }
      return bytes
    }
    serve = (request, response) => {
      // A failure shows at the client.
      const work =
        request.method === 'GET'
          ? pipeline(all(), response)
          : count(request).then((bytes) => void response.end(String(bytes)))
      work.catch(() => response.destroy())
    }
    const before = liveBuffers()
    expect(await count(client.open(at('/')))).toBe(chunks * chunk.length)
    const upload = client.open(at('/', { ':method': 'POST' }), { endStream: false })
    const answer = bodyOf(upload)
    await pipeline(all(), upload, { end: true })
    expect(await answer).toBe(String(chunks * chunk.length))
    expect(most - before).toBeLessThan(16 * 1024 * 1024)
  }, 120_000)

  it('is gone for the server inside when its client takes it back', async () => {
    const gone: string[] = []
    const came: string[] = []
    serve = (request, response) => {
      came.push(`${request.url}`)
      response.once('close', () => gone.push(`${request.url} ${response.writableFinished}`))
      if (request.method === 'GET') response.write('begun')
      request.on('error', () => {})
      request.resume()
    }
    const stream = client.open(at('/stream'))
    await once(stream, 'response')
    stream.close(constants.NGHTTP2_CANCEL)
    const waiting = client.open(at('/waiting', { ':method': 'POST' }), { endStream: false })
    waiting.write('half')
    await vi.waitFor(() => expect(came).toEqual(['/stream', '/waiting']))
    waiting.close(constants.NGHTTP2_CANCEL)
    await vi.waitFor(() => expect(gone.toSorted()).toEqual(['/stream false', '/waiting false']))
    expect((await client.call({ ':authority': DOMAIN })).status).toBe(200)
  })

  it('ends with an error when the server inside is lost in the middle', async () => {
    serve = (request, response) => {
      response.write('part')
      setImmediate(() => request.socket.destroy())
    }
    const stream = client.open(at('/'))
    const [error] = (await once(stream, 'error')) as [NodeJS.ErrnoException]
    expect(error.message).toContain('NGHTTP2_INTERNAL_ERROR')
  })

  it('of which the server inside takes no more ends with its whole answer', async () => {
    serve = (request, response) => {
      request.on('error', () => {})
      response.writeHead(413).end('too large')
    }
    const stream = client.open(at('/', { ':method': 'POST' }), { endStream: false })
    stream.write('some')
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }]
    expect([head[':status'], await bodyOf(stream)]).toEqual([413, 'too large'])
    stream.end()
  })
})

describe('what the gateway answers itself', () => {
  it('wakes by traffic, and leaves asleep for who only looks', async () => {
    serve = (_, response) => response.end('awake')
    sandbox.kind = 'asleep'
    const looked = await client.call(at('/?wake=false'))
    expect([looked.status, JSON.parse(looked.body)]).toEqual([
      409,
      { sandboxId: sandbox.id, message: 'The sandbox is paused', code: 409 },
    ])
    expect((await client.call(at('/', { 'drowse-wake': 'false' }))).status).toBe(409)
    expect((await client.call(at('/'))).body).toBe('awake')
  })

  it('checks tokens, answers pages to browsers and preflights in the daemon’s place', async () => {
    sandbox.access = { trafficAccessToken: 'secret', accessToken: 'other' }
    expect((await client.call(at('/'))).status).toBe(403)
    const page = await client.call(at('/', { 'user-agent': 'Mozilla/5.0', accept: 'text/html' }))
    expect([page.status, page.headers['content-type']]).toEqual([403, 'text/html; charset=utf-8'])
    serve = (request, response) => response.end(String(request.headers['e2b-traffic-access-token']))
    expect((await client.call(at('/', { 'e2b-traffic-access-token': 'secret' }))).body).toBe('undefined')
    sandbox.kind = 'asleep'
    const preflight = await client.call({
      ':authority': `49983-${sandbox.id}.${DOMAIN}`,
      ':method': 'OPTIONS',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-access-token',
    })
    expect([preflight.status, preflight.headers['access-control-allow-headers']]).toEqual([204, 'x-access-token'])
    expect(sandbox.kind).toBe('asleep')
  })

  it('tells a Connect stream why a pause ended it, and cuts everything else', async () => {
    serve = (request, response) => {
      response.writeHead(
        200,
        request.headers['content-type'] === undefined ? {} : { 'content-type': 'application/connect+json' },
      )
      response.write(Buffer.from([0, 0, 0, 0, 2, 0x7b, 0x7d]))
    }
    const connect = client.open(
      { ':authority': `49983-${sandbox.id}.${DOMAIN}`, ':method': 'POST', 'content-type': 'application/connect+json' },
      { endStream: false },
    )
    const plain = client.open(at('/'))
    await Promise.all([once(connect, 'response'), once(plain, 'response')])
    const cut = once(plain, 'error')
    const whole = bodyOf(connect)
    sandbox.kind = 'asleep'
    test.gateway.dropConnections(sandbox.id, 'paused')
    expect(await whole).toContain('{"error":{"code":"aborted","message":"The sandbox was paused"}}')
    expect(String(await cut)).toContain('NGHTTP2_INTERNAL_ERROR')
  })

  it('is 502 where nothing listens', async () => {
    const answer = await client.call({ ':authority': `8080-${sandbox.id}.${DOMAIN}` })
    expect([answer.status, JSON.parse(answer.body)]).toMatchObject([502, { port: 8080 }])
  })
})

describe('beside HTTP/2', () => {
  it('WebSockets keep going over HTTP/1.1, and CONNECT with a protocol is not offered', async () => {
    expect(client.session.remoteSettings.enableConnectProtocol).toBe(false)
    const socket = new WebSocket(`wss://127.0.0.1:${test.httpsPort}/`, {
      agent: new Agent({ ca: readFileSync(test.caPath), servername: DOMAIN }),
      headers: { host: authority },
    })
    await once(socket, 'open')
    socket.send('hello')
    expect(String(((await once(socket, 'message')) as [Buffer])[0])).toBe('hello')
    socket.close()
    await once(socket, 'close')
  })

  it('a new certificate leaves open sessions', async () => {
    serve = (_, response) => response.end('ok')
    expect((await client.call(at('/'))).body).toBe('ok')
    test.gateway.replaceCertificate(test.certificate)
    expect((await client.call(at('/'))).body).toBe('ok')
  })

  it('close() tells clients to go, lets requests end and takes no new ones', async () => {
    await using closing = await startTestGateway({ drainMs: 5_000 })
    let finish = (): void => {}
    const { port } = await closing.upstream((_, response) => {
      response.write('begun')
      finish = () => response.end(' done')
    })
    const { id } = closing.routes.add({ ports: { 3000: port } })
    using other = await http2Client(closing)
    const stream = other.open({ ':authority': `3000-${id}.${DOMAIN}` })
    await once(stream, 'response')
    const goaway = once(other.session, 'goaway')
    const closed = closing.gateway.close()
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR)
    finish()
    expect(await bodyOf(stream)).toBe('begun done')
    await closed
    expect(closing.routes.open).toBe(0)
  })
})
