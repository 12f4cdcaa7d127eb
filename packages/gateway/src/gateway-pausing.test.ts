import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

const STREAM = { 'content-type': 'application/connect+json', 'connect-protocol-version': '1' }
const UNARY = { 'content-type': 'application/json', 'connect-protocol-version': '1' }
const PAUSED = { code: 'aborted', message: 'The sandbox was paused' }

let test: TestGateway
let sandbox: FakeSandbox
let onRequest: (request: IncomingMessage, response: ServerResponse) => void = () => {}
let upstreamPort = 0

beforeAll(async () => {
  test = await startTestGateway()
  upstreamPort = (await test.upstream((request, response) => onRequest(request.resume(), response))).port
})

beforeEach(() => {
  sandbox = test.routes.add({ ports: { 49_983: upstreamPort } })
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

/** A call that the server in the sandbox has taken. */
interface Call {
  server: ServerResponse
  /** Resolves when the client has the head of the answer. */
  head: Promise<IncomingMessage>
  /** Bytes of the body that the client has so far, as text. */
  seen: () => string
  answer: Promise<Answer>
}

async function call(headers: Record<string, string>): Promise<Call> {
  const arrived = new Promise<ServerResponse>((resolve) => {
    onRequest = (_, response) => resolve(response)
  })
  const host = `49983-${sandbox.id}.drowse.localhost`
  const request = httpRequest({
    host: '127.0.0.1',
    port: test.httpPort,
    agent: false,
    method: 'POST',
    path: '/process.Process/Start',
    headers: { host, ...headers },
  })
  request.end('{}')
  const chunks: Buffer[] = []
  const seen = (): string => Buffer.concat(chunks).toString('latin1')
  const head = once(request, 'response').then(([response]) => response as IncomingMessage)
  const answer = head.then(async (response) => {
    response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {})
    await new Promise((resolve) => response.once('close', resolve))
    const { statusCode: status, headers: fields, complete } = response
    return { status, type: fields['content-type'], body: complete ? seen() : undefined }
  })
  return { server: await arrived, head, seen, answer }
}

interface Answer {
  status: number | undefined
  type: string | undefined
  /** Absent when the body was cut. */
  body: string | undefined
}

function pause(): void {
  sandbox.kind = 'asleep'
  test.gateway.dropConnections(sandbox.id, 'paused')
}

/** A message of a Connect stream, as text. */
function frame(flags: number, value: unknown): string {
  const body = JSON.stringify(value)
  return `${String.fromCharCode(flags, 0, 0, 0, body.length)}${body}`
}

async function noneOpen(): Promise<void> {
  await vi.waitFor(() => expect(test.routes.open).toBe(0))
}

describe('a pause ends', () => {
  it('a Connect stream with an error behind its last whole message', async () => {
    const { server, seen, answer } = await call(STREAM)
    server.writeHead(200, { 'content-type': 'application/connect+json' })
    server.write(frame(0, { event: 1 }) + frame(0, { event: 2 }).slice(0, 8))
    await vi.waitFor(() => expect(seen()).toBe(frame(0, { event: 1 })))
    pause()
    const whole = frame(0, { event: 1 }) + frame(2, { error: PAUSED })
    expect(await answer).toEqual({ status: 200, type: 'application/connect+json', body: whole })
    await noneOpen()
    expect(test.routes.wakeCalls).toBe(0)
  })

  it('a Connect stream that has not begun in the same way, for binary messages too', async () => {
    for (const type of ['application/connect+json', 'application/connect+proto']) {
      sandbox.kind = 'running'
      const { answer } = await call({ ...STREAM, 'content-type': type })
      pause()
      expect(await answer).toEqual({ status: 200, type, body: frame(2, { error: PAUSED }) })
    }
    await noneOpen()
  })

  it('a unary Connect call with an error', async () => {
    const { answer } = await call(UNARY)
    pause()
    expect(await answer).toEqual({ status: 409, type: 'application/json', body: JSON.stringify(PAUSED) })
    await noneOpen()
  })

  it('any other request without an answer with a 409', async () => {
    const { answer } = await call({})
    pause()
    const { status, body } = await answer
    expect(status).toBe(409)
    expect(JSON.parse(body ?? '')).toEqual({ sandboxId: sandbox.id, message: 'The sandbox was paused', code: 409 })
    await noneOpen()
  })

  it.each([
    ['another stream', { 'content-type': 'text/event-stream' }],
    ['a Connect stream of known length', { 'content-type': 'application/connect+json', 'content-length': '500' }],
    ['a compressed Connect stream', { 'content-type': 'application/connect+json', 'content-encoding': 'gzip' }],
  ])('%s by cutting it', async (_, headers) => {
    const { server, head, answer } = await call(STREAM)
    server.writeHead(200, headers)
    server.write(frame(0, {}))
    await head
    pause()
    expect((await answer).body).toBeUndefined()
    await noneOpen()
  })

  it('nothing that is over: a stream with its own end gets no second one', async () => {
    const { server, answer } = await call(STREAM)
    server.writeHead(200, { 'content-type': 'application/connect+json' })
    server.end(frame(0, {}) + frame(2, {}))
    const { body } = await answer
    pause()
    expect(body).toBe(frame(0, {}) + frame(2, {}))
    await noneOpen()
  })

  it.each([
    ['that is to be woken', 'asleep'],
    ['that traffic may not wake', 'not-found'],
  ] as const)(
    'also what loses its server before the gateway is told of the pause, of a sandbox %s',
    async (_, kind) => {
      const [begun, waiting] = [await call(STREAM), await call(UNARY)]
      begun.server.writeHead(200, { 'content-type': 'application/connect+json' })
      begun.server.flushHeaders()
      await begun.head
      sandbox.kind = kind
      sandbox.isPaused = true
      begun.server.destroy()
      waiting.server.destroy()
      expect((await begun.answer).body).toBe(frame(2, { error: PAUSED }))
      expect((await waiting.answer).body).toBe(JSON.stringify(PAUSED))
      expect(test.routes.wakeCalls).toBe(0)
      await noneOpen()
    },
  )
})

describe('a kill ends', () => {
  it('a Connect stream by cutting it, and a call without an answer as not found', async () => {
    const [begun, waiting] = [await call(STREAM), await call(UNARY)]
    begun.server.writeHead(200, { 'content-type': 'application/connect+json' })
    begun.server.flushHeaders()
    await begun.head
    sandbox.kind = 'not-found'
    test.gateway.dropConnections(sandbox.id, 'killed')
    expect((await begun.answer).body).toBeUndefined()
    expect(await waiting.answer).toMatchObject({ status: 502, body: expect.stringContaining('was not found') })
    await noneOpen()
  })
})

describe('a server that goes away', () => {
  it('cuts its Connect stream while the sandbox runs on', async () => {
    const { server, head, answer } = await call(STREAM)
    server.writeHead(200, { 'content-type': 'application/connect+json' })
    server.flushHeaders()
    await head
    server.destroy()
    expect((await answer).body).toBeUndefined()
    await noneOpen()
  })
})
