import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { setImmediate as tick } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { bodyOf } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

let test: TestGateway
let sandbox: FakeSandbox
let handler: Handler = () => {}

beforeAll(async () => {
  test = await startTestGateway()
  const { port, server } = await test.upstream((request, response) => handler(request, response))
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => handler(request, response))
  sandbox = test.routes.add({ ports: { 3000: port } })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

function open(method: string, headers: Record<string, string> = {}): ReturnType<typeof httpRequest> {
  const host = `3000-${sandbox.id}.drowse.localhost`
  return httpRequest({ host: '127.0.0.1', port: test.httpPort, agent: false, method, headers: { host, ...headers } })
}

async function responseTo(request: ReturnType<typeof httpRequest>): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return response
}

async function served(): Promise<[IncomingMessage, ServerResponse]> {
  return new Promise((resolve) => {
    handler = (request, response) => resolve([request, response])
  })
}

async function noneOpen(): Promise<void> {
  await vi.waitFor(() => expect(test.routes.open).toBe(0))
}

describe('gateway streams', () => {
  it('a response’s head before its body, and each chunk before the next is sent', async () => {
    const arrived = served()
    const request = open('GET')
    request.end()
    const [, upstream] = await arrived
    upstream.writeHead(200, { 'content-type': 'text/event-stream' })
    upstream.flushHeaders()
    const response = await responseTo(request)
    expect(response.headers['content-type']).toBe('text/event-stream')
    for (const text of ['data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']) {
      upstream.write(text)
      expect(String((await once(response, 'data'))[0])).toBe(text)
    }
    upstream.end()
    await once(response, 'end')
    await noneOpen()
  })

  it('a request’s head before its body, and each chunk before the next is sent', async () => {
    const arrived = served()
    const request = open('POST', { 'transfer-encoding': 'chunked' })
    request.flushHeaders()
    const [upstream, reply] = await arrived
    for (const text of ['one', 'two', 'three']) {
      request.write(text)
      expect(String((await once(upstream, 'data'))[0])).toBe(text)
    }
    request.end()
    await once(upstream, 'end')
    reply.end('done')
    expect(await bodyOf(await responseTo(request))).toBe('done')
  })

  it('both ways at once', async () => {
    handler = (incoming, reply) => void incoming.pipe(reply)
    const request = open('POST', { 'transfer-encoding': 'chunked' })
    request.write('ping')
    const response = await responseTo(request)
    expect(String((await once(response, 'data'))[0])).toBe('ping')
    request.write('pong')
    expect(String((await once(response, 'data'))[0])).toBe('pong')
    request.end()
    await once(response.resume(), 'end')
  })

  it('bodies of known and of unknown length unchanged', async () => {
    handler = (incoming, reply) => {
      reply.setHeader('saw', `${incoming.headers['content-length']}/${incoming.headers['transfer-encoding']}`)
      void bodyOf(incoming).then((body) => reply.end(body))
    }
    const known = open('PUT', { 'content-length': '5' })
    known.end('hello')
    const first = await responseTo(known)
    expect([first.headers['saw'], await bodyOf(first)]).toEqual(['5/undefined', 'hello'])
    const unknown = open('POST', { 'transfer-encoding': 'chunked' })
    unknown.end('hello')
    const second = await responseTo(unknown)
    expect([second.headers['saw'], await bodyOf(second)]).toEqual(['undefined/chunked', 'hello'])
    const none = open('POST', { 'content-length': '0' })
    none.end()
    const third = await responseTo(none)
    expect([third.headers['saw'], await bodyOf(third)]).toEqual(['0/undefined', ''])
  })

  it.each([
    ['HEAD', 200, { 'content-length': '5' }],
    ['GET', 204, {}],
    ['GET', 304, { 'content-length': '5', etag: '"x"' }],
  ])('answers without a body to %s, %i', async (method, status, headers) => {
    handler = (_, reply) => reply.writeHead(status, headers).end()
    const request = open(method)
    request.end()
    const response = await responseTo(request)
    expect(await bodyOf(response)).toBe('')
    expect(response).toMatchObject({ statusCode: status, headers })
    expect(response.headers['transfer-encoding']).toBeUndefined()
  })

  it('answers that end with the server’s connection', async () => {
    handler = (_, reply) => reply.socket!.end('HTTP/1.0 200 OK\r\n\r\nold server')
    const request = open('GET')
    request.end()
    expect(await bodyOf(await responseTo(request))).toBe('old server')
    await noneOpen()
  })

  it('trailers both ways', async () => {
    handler = (incoming, reply) => {
      reply.setHeader('trailer', 'x-sum')
      incoming.resume().once('end', () => {
        reply.write('body')
        reply.addTrailers({ 'x-sum': JSON.stringify(incoming.trailers) })
        reply.end()
      })
    }
    const request = open('POST', { 'transfer-encoding': 'chunked', trailer: 'x-part' })
    request.write('body')
    request.addTrailers([
      ['x-part', '42'],
      ['host', 'evil'],
      ['x-forwarded-for', '1.2.3.4'],
      ['X_Real_IP', '1.2.3.4'],
    ])
    request.end()
    const response = await responseTo(request)
    await bodyOf(response)
    expect(response.trailers).toEqual({ 'x-sum': '{"x-part":"42"}' })
  })

  it('100-continue from the server, not from itself', async () => {
    const arrived = served()
    const request = open('POST', { expect: '100-continue', 'content-length': '4' })
    let isContinued = false
    request.once('continue', () => {
      isContinued = true
      request.end('body')
    })
    request.flushHeaders()
    const [upstream, reply] = await arrived
    expect(isContinued).toBe(false)
    reply.writeContinue()
    expect(await bodyOf(upstream)).toBe('body')
    reply.end('ok')
    expect(await bodyOf(await responseTo(request))).toBe('ok')
  })

  it('a refusal in place of a 100, and the client keeps its body', async () => {
    handler = (_, reply) => reply.writeHead(413).end('too large')
    const request = open('POST', { expect: '100-continue', 'content-length': '4' })
    request.flushHeaders()
    const response = await responseTo(request)
    expect([response.statusCode, await bodyOf(response)]).toEqual([413, 'too large'])
    request.destroy()
    await noneOpen()
  })

  it('an answer that comes before the body is over', async () => {
    handler = (_, reply) => reply.writeHead(401, { connection: 'close' }).end('no')
    const request = open('POST', { 'transfer-encoding': 'chunked' })
    request.on('error', () => {})
    request.write(Buffer.alloc(1024))
    const response = await responseTo(request)
    expect([response.statusCode, await bodyOf(response)]).toEqual([401, 'no'])
    request.end(Buffer.alloc(1024))
    await noneOpen()
  })

  it('no faster than the slower side takes it, in both directions', async () => {
    const chunk = Buffer.alloc(64 * 1024)
    const arrived = served()
    const request = open('POST', { 'transfer-encoding': 'chunked' })
    request.flushHeaders()
    const [upstream, reply] = await arrived
    const up = await pump(request, chunk)
    expect(up).toBeLessThan(32 * 1024 * 1024)
    reply.flushHeaders()
    const response = await responseTo(request)
    const down = await pump(reply, chunk)
    expect(down).toBeLessThan(32 * 1024 * 1024)
    const received = countBytes(upstream)
    const returned = countBytes(response)
    request.end()
    expect(await received).toBe(up)
    reply.end()
    expect(await returned).toBe(down)
  })

  it('an abort of the client to the server, while it sends and while it reads', async () => {
    for (const isReading of [false, true]) {
      const arrived = served()
      const request = open('POST', { 'transfer-encoding': 'chunked' })
      request.on('error', () => {})
      request.write('part')
      const [upstream, reply] = await arrived
      upstream.on('error', () => {})
      upstream.resume()
      if (isReading) {
        reply.write('part')
        const response = await responseTo(request)
        response.on('error', () => {})
      }
      const closed = once(reply, 'close')
      request.destroy()
      await closed
      expect(upstream.complete).toBe(false)
      await noneOpen()
    }
  })

  it.each([
    ['chunked', {}],
    ['of known length', { 'content-length': '100' }],
  ])('the loss of the server in the middle of a response that is %s', async (_, headers) => {
    const arrived = served()
    const request = open('GET')
    request.end()
    const [, reply] = await arrived
    reply.writeHead(200, headers)
    reply.write('part')
    const response = await responseTo(request)
    await once(response, 'data')
    reply.destroy()
    await expect(bodyOf(response)).rejects.toThrow('aborted')
    await noneOpen()
  })

  it('nothing more after dropConnections()', async () => {
    const arrived = served()
    const request = open('GET')
    request.end()
    const [, reply] = await arrived
    reply.write('part')
    const response = await responseTo(request)
    await once(response, 'data')
    const closed = once(reply, 'close')
    test.gateway.dropConnections(sandbox.id, 'killed')
    await expect(bodyOf(response)).rejects.toThrow('aborted')
    await closed
    await noneOpen()
  })

  it('counts each request once', () => {
    expect(test.routes.changes.filter((delta) => delta === 1).length).toBe(
      test.routes.changes.filter((delta) => delta === -1).length,
    )
    expect(test.routes.changes.length).toBeGreaterThan(20)
  })
})

/** Writes until the stream has taken no more for a while, and gives the number of bytes written. */
async function pump(stream: NodeJS.WritableStream & { writableNeedDrain: boolean }, chunk: Buffer): Promise<number> {
  let bytes = 0
  for (let idle = 0; idle < 2_000; idle++) {
    while (!stream.writableNeedDrain && bytes < 64 * 1024 * 1024) {
      stream.write(chunk)
      bytes += chunk.length
      idle = 0
    }
    await tick()
  }
  return bytes
}

async function countBytes(stream: AsyncIterable<unknown>): Promise<number> {
  let bytes = 0
  for await (const chunk of stream) bytes += (chunk as Buffer).length
  return bytes
}
