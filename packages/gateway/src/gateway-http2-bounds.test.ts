import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { httpCall, rawCall } from './fixtures/http-call.ts'
import { http2Client } from './fixtures/http2-call.ts'
import { END_HEADERS, END_STREAM, FRAME, headerBlock, integer, RawHttp2 } from './fixtures/raw-http2.ts'
import { DOMAIN, startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let sandbox: FakeSandbox
let authority = ''
/** Answers of the server in the sandbox that do not end by themselves. */
const hanging: ServerResponse[] = []

beforeAll(async () => {
  test = await startTestGateway({ headersLimitMs: 300, idleLimitMs: 600 })
  const { port } = await test.upstream((request, response) => {
    if (request.url !== '/hang') {
      response.end('answer')
      return
    }
    hanging.push(response)
    response.flushHeaders()
  })
  sandbox = test.routes.add({ ports: { 3000: port } })
  authority = `3000-${sandbox.id}.${DOMAIN}`
})

afterAll(async () => {
  await vi.waitFor(() => expect(test.routes.open).toBe(0))
  await test[Symbol.asyncDispose]()
})

type Fields = [string, string][]

function head(path = '/', host = authority): Fields {
  return [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', host],
    [':path', path],
  ]
}

/** Waits for the end of a connection; what came of it is in its frames. */
async function closed(client: RawHttp2): Promise<void> {
  await vi.waitFor(() => expect(client.isClosed).toBe(true), { timeout: 20_000 })
}

/** Still serves others. */
async function goesOn(gateway = test): Promise<void> {
  using client = await http2Client(gateway)
  expect((await client.call({ ':authority': DOMAIN })).status).toBe(200)
}

describe('a connection of HTTP/2', () => {
  it('has a bound on open requests, headers and the window, which it announces', async () => {
    using client = await http2Client(test)
    await vi.waitFor(() => expect(client.session.remoteSettings.maxConcurrentStreams).toBe(256))
    expect(client.session.remoteSettings).toMatchObject({
      maxHeaderListSize: 131_072,
      initialWindowSize: 262_144,
      enableConnectProtocol: false,
    })
  })

  it('makes clients wait above the bound, and ends when one does not', async () => {
    using client = await http2Client(test)
    await vi.waitFor(() => expect(client.session.remoteSettings.maxConcurrentStreams).toBe(256))
    const open = Array.from({ length: 256 }, () => client.open({ ':authority': authority, ':path': '/hang' }))
    await Promise.all(open.map(async (stream) => once(stream, 'response')))
    const waiting = client.call({ ':authority': authority }).catch((error: unknown) => String(error))
    hanging.shift()?.end()
    // Node forgets an ended request a moment after its client has: what comes in between is refused, and may be sent again.
    const outcome = await waiting
    if (typeof outcome === 'string') expect(outcome).toMatch(/REFUSED_STREAM|ENHANCE_YOUR_CALM/)
    await vi.waitFor(async () => expect((await client.call({ ':authority': authority })).body).toBe('answer'))
    using rude = await RawHttp2.connect(test.httpsPort)
    await rude.settle()
    for (let i = 0; i < 257; i++) rude.request(1 + 2 * i, head('/hang'))
    await closed(rude)
  }, 30_000)

  it('may send many small headers', async () => {
    using client = await http2Client(test)
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x-${i}`, 'v']))
    expect((await client.call({ ':authority': authority, ...many })).body).toBe('answer')
  })

  it('ends when its client takes request after request back', async () => {
    using client = await RawHttp2.connect(test.httpsPort)
    for (let i = 0; i < 5_000 && !client.isClosed; i++) {
      client.request(1 + 2 * i, head('/hang'))
      client.reset(1 + 2 * i, 8)
      if (i % 100 === 99) await new Promise(setImmediate)
    }
    await closed(client)
    await vi.waitFor(() => expect(test.routes.open).toBe(0), { timeout: 10_000 })
    await goesOn()
  }, 30_000)

  it.each([
    ['PING', FRAME.ping, Buffer.alloc(8)],
    ['SETTINGS', FRAME.settings, Buffer.alloc(0)],
  ])(
    'ends when its client floods it with %s',
    async (_, type, payload) => {
      using client = await RawHttp2.connect(test.httpsPort)
      for (let i = 0; i < 30_000 && !client.isClosed; i++) {
        client.send(type, 0, 0, payload)
        if (i % 500 === 499) await new Promise(setImmediate)
      }
      await closed(client)
      await goesOn()
    },
    30_000,
  )

  it('ends when its headers go on without an end', async () => {
    using client = await RawHttp2.connect(test.httpsPort)
    client.send(FRAME.headers, 0, 1, headerBlock(head()))
    for (let i = 0; i < 5_000 && !client.isClosed; i++) {
      client.send(FRAME.continuation, 0, 1, headerBlock([['x-a', 'a'.repeat(1_000)]]))
      if (i % 100 === 99) await new Promise(setImmediate)
    }
    await closed(client)
    await goesOn()
  }, 30_000)

  it('ends when no request comes in time: nothing at all, only settings, headers without an end', async () => {
    using silent = await RawHttp2.connect(test.httpsPort, { isSilent: true })
    using settled = await RawHttp2.connect(test.httpsPort)
    using slow = await RawHttp2.connect(test.httpsPort)
    slow.send(FRAME.headers, 0, 1, headerBlock(head()))
    const step = setInterval(() => {
      if (!slow.isClosed) slow.send(FRAME.continuation, 0, 1, headerBlock([['x', '']]))
    }, 50)
    for (const client of [silent, settled, slow]) await closed(client)
    clearInterval(step)
  }, 30_000)

  it('ends when it was idle for long, also while it sends PINGs, and not while a request is open', async () => {
    using busy = await RawHttp2.connect(test.httpsPort)
    busy.request(1, head('/hang'))
    expect(await busy.outcome(1)).toBe(200)
    using idle = await RawHttp2.connect(test.httpsPort)
    idle.request(1, head())
    expect(await idle.outcome(1)).toBe(200)
    const step = setInterval(() => {
      if (!idle.isClosed) idle.send(FRAME.ping, 0, 0, Buffer.alloc(8))
    }, 50)
    await closed(idle)
    clearInterval(step)
    expect(idle.frames.some(({ type }) => type === FRAME.goaway)).toBe(true)
    expect(busy.isClosed).toBe(false)
    busy.reset(1, 8)
    await closed(busy)
  }, 30_000)

  it('ends also when its client does not close its side, idle or at the end of the service', async () => {
    // Room for one: there is room again when the door itself has closed the connection.
    await using other = await startTestGateway({ headersLimitMs: 300, drainMs: 300, maxOpen: 1 })
    const ask = async (): Promise<number> =>
      (await httpCall({ port: other.httpPort, headers: { host: DOMAIN } })).status
    using idle = await RawHttp2.connect(other.httpsPort, { isStubborn: true })
    await idle.settle()
    expect(await ask()).toBe(503)
    await vi.waitFor(async () => expect(await ask()).toBe(200), { timeout: 20_000, interval: 200 })
    using late = await RawHttp2.connect(other.httpsPort, { isStubborn: true })
    await late.settle()
    await other.gateway.close()
  }, 30_000)

  it('ends without a handshake in time', async () => {
    const socket = connectTcp(test.httpsPort, '127.0.0.1')
    await once(socket.resume(), 'close')
    expect(socket.destroyed).toBe(true)
  })

  it('ends with frames that are none', async () => {
    using client = await RawHttp2.connect(test.httpsPort, { isSilent: true })
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await closed(client)
    using wrong = await RawHttp2.connect(test.httpsPort)
    wrong.send(FRAME.windowUpdate, 0, 0, Buffer.alloc(4))
    wrong.send(FRAME.data, END_STREAM, 1, Buffer.from('no stream'))
    await closed(wrong)
    await goesOn()
  }, 30_000)
})

describe('headers of a request of HTTP/2', () => {
  let patient: TestGateway
  /** Name of a port whose server takes whatever the gateway does. */
  let at = ''

  beforeAll(async () => {
    patient = await startTestGateway()
    const { port } = await patient.upstream((_, response) => response.end('answer'))
    at = `3000-${patient.routes.add({ ports: { 3000: port } }).id}.${DOMAIN}`
  })

  afterAll(async () => patient[Symbol.asyncDispose]())

  it('are bounded in bytes, which 431 tells, and the connection goes on', async () => {
    const filled = (bytes: number): Fields => {
      const free = bytes - head('/', at).reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0)
      const half = Math.floor(free / 2)
      return [...head('/', at), ['x-a', 'a'.repeat(half - 35)], ['x-b', 'b'.repeat(free - half - 35)]]
    }
    const headersOf = async (bytes: number): Promise<unknown> => {
      using client = await RawHttp2.connect(patient.httpsPort)
      await client.settle()
      sendInParts(client, headerBlock(filled(bytes)))
      const outcome = await client.outcome(1)
      // The connection serves what is next.
      client.request(3, head('/next', at))
      expect(await client.outcome(3)).toBe(200)
      return outcome
    }
    expect(await headersOf(65_536)).toBe(200)
    for (const bytes of [65_537, 100_000, 131_000]) expect([bytes, await headersOf(bytes)]).toEqual([bytes, 431])
  }, 30_000)

  it.each<[string, string, () => Buffer]>([
    ['2,100 empty fields', 'answered 431', () => headerBlock([...head('/', at), ...numbered(2_100)])],
    ['3,000 empty fields', 'answered 431', () => headerBlock([...head('/', at), ...numbered(3_000)])],
    ['5,000 empty fields', 'reset', () => headerBlock([...head('/', at), ...numbered(5_000)])],
    ['30 references to a field of 3,000 bytes', 'answered 431', () => referred(30, head('/', at))],
    ['20,000 references to it, 60 MB', 'reset', () => referred(20_000, head('/', at))],
    ['a field of 70,000 bytes', 'a broken code', () => headerBlock([...head('/', at), ['x-a', 'a'.repeat(70_000)]])],
    ['more than nine frames', 'a broken connection', () => headerBlock([...head('/', at), ...large(10)])],
  ])(
    'of %s: %s',
    async (_, end, block) => {
      using client = await RawHttp2.connect(patient.httpsPort)
      await client.settle()
      sendInParts(client, block())
      const outcome = await client.outcome(1)
      const code = client.frames
        .map(({ type, payload }) => errorCode(type, payload))
        .find((found) => found !== undefined)
      expect([outcome, code]).toEqual(
        {
          'answered 431': [431, undefined],
          reset: ['reset', constants.NGHTTP2_ENHANCE_YOUR_CALM],
          'a broken code': ['closed', constants.NGHTTP2_COMPRESSION_ERROR],
          'a broken connection': ['closed', constants.NGHTTP2_INTERNAL_ERROR],
        }[end],
      )
      await goesOn(patient)
    },
    30_000,
  )

  it('are bounded in the same way for a client that never acknowledges the settings that say so, and trailers too', async () => {
    for (const count of [30, 100, 300, 2_000]) {
      using client = await RawHttp2.connect(patient.httpsPort, { isDeaf: true })
      client.send(FRAME.headers, END_HEADERS | END_STREAM, 1, referred(count, head('/', at)))
      expect([count, await client.outcome(1)]).toEqual([count, 431])
    }
    using client = await RawHttp2.connect(patient.httpsPort, { isDeaf: true })
    client.request(1, head('/upload', at), { isWhole: false })
    client.send(FRAME.headers, END_HEADERS | END_STREAM, 1, referred(30, []))
    expect(await client.outcome(1)).toBe('reset')
    await goesOn(patient)
  }, 30_000)
})

/** What a frame says went wrong; nothing for one that does not. */
function errorCode(type: number, payload: Buffer): number | undefined {
  if (type === FRAME.rstStream) return payload.readUInt32BE(0)
  return type === FRAME.goaway ? payload.readUInt32BE(4) : undefined
}

function numbered(count: number): Fields {
  return Array.from({ length: count }, (_, i) => [`x-${i}`, ''])
}

function large(count: number): Fields {
  return Array.from({ length: count }, (_, i) => [`x-${i}`, 'a'.repeat(16_000)])
}

/** A field of 3,000 bytes in the table of names, and references of a byte to it. */
function referred(count: number, before: Fields): Buffer {
  const field = Buffer.concat([Buffer.of(0x40, 1), Buffer.from('b'), integer(3_000, 7), Buffer.alloc(3_000, 'a')])
  return Buffer.concat([headerBlock(before), field, Buffer.alloc(count, 0x80 | 62)])
}

function sendInParts(client: RawHttp2, block: Buffer): void {
  const parts = Math.ceil(block.length / 16_000)
  for (let i = 0; i < parts; i++) {
    const part = block.subarray(i * 16_000, (i + 1) * 16_000)
    const flags = i === parts - 1 ? END_HEADERS : 0
    client.send(i === 0 ? FRAME.headers : FRAME.continuation, i === 0 ? flags | END_STREAM : flags, 1, part)
  }
}

describe('the bound on what is open at the doors', () => {
  it('answers what comes above it on either protocol, and what ends makes room', async () => {
    await using small = await startTestGateway({ maxOpen: 4 })
    const { id } = small.routes.add({ ports: {} })
    const held: Socket[] = []
    for (let i = 0; i < 4; i++) {
      const socket = connectTcp(small.httpPort, '127.0.0.1').on('error', () => {})
      await once(socket, 'connect')
      held.push(socket)
    }
    const host = `3000-${id}.${DOMAIN}`
    const plain = await httpCall({ port: small.httpPort, headers: { host } })
    expect([plain.status, plain.headers['retry-after'], plain.headers.connection]).toEqual([503, '1', 'close'])
    expect(JSON.parse(plain.body)).toEqual({ message: 'Too many connections: 4 are open', code: 503 })
    expect(await secureCall(small.httpsPort)).toMatch(/^HTTP\/1\.1 503 /)
    using client = await http2Client(small)
    expect((await client.call({ ':authority': host })).status).toBe(503)
    await vi.waitFor(() => expect(client.session.closed || client.session.destroyed).toBe(true))
    for (const socket of held) socket.destroy()
    await vi.waitFor(async () =>
      expect((await httpCall({ port: small.httpPort, headers: { host: DOMAIN } })).status).toBe(200),
    )
    expect(await secureCall(small.httpsPort)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('counts requests of HTTP/2 too', async () => {
    await using small = await startTestGateway({ maxOpen: 4 })
    const { port } = await small.upstream((_, response) => response.flushHeaders())
    const { id } = small.routes.add({ ports: { 3000: port } })
    using client = await http2Client(small)
    const at = { ':authority': `3000-${id}.${DOMAIN}` }
    const open = Array.from({ length: 3 }, () => client.open(at))
    for (const stream of open) await once(stream, 'response')
    expect((await client.call(at)).status).toBe(503)
    open[0]?.close(8)
    await vi.waitFor(async () => expect((await client.call({ ':authority': DOMAIN })).status).toBe(200))
  })

  it('drops, without a word, what comes in a flood', async () => {
    await using small = await startTestGateway({ maxOpen: 2 })
    const sockets = Array.from({ length: 110 }, () => connectTcp(small.httpsPort, '127.0.0.1').on('error', () => {}))
    await Promise.all(sockets.map(async (socket) => once(socket, 'connect')))
    await vi.waitFor(() =>
      expect(sockets.filter(({ readableEnded, destroyed }) => readableEnded || destroyed).length).toBeGreaterThan(0),
    )
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () =>
      expect(await rawCall(small.httpPort, `GET / HTTP/1.1\r\nHost: ${DOMAIN}\r\nConnection: close\r\n\r\n`)).toMatch(
        / 200 /,
      ),
    )
  })
})

async function secureCall(port: number): Promise<string> {
  const socket = connectTls({ host: '127.0.0.1', port, servername: DOMAIN, rejectUnauthorized: false })
  socket.on('error', () => {})
  socket.write(`GET / HTTP/1.1\r\nHost: ${DOMAIN}\r\nConnection: close\r\n\r\n`)
  let reply = ''
  socket.on('data', (chunk: Buffer) => (reply += chunk.toString()))
  await once(socket, 'close')
  return reply
}
