import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
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

function head(path = '/'): Fields {
  return [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', authority],
    [':path', path],
  ]
}

/** Waits for the end of a connection; what came of it is in its frames. */
async function closed(client: RawHttp2): Promise<void> {
  await vi.waitFor(() => expect(client.isClosed).toBe(true), { timeout: 20_000 })
}

/** Still serves others. */
async function goesOn(): Promise<void> {
  using client = await http2Client(test)
  expect((await client.call({ ':authority': authority })).body).toBe('answer')
}

describe('a connection of HTTP/2', () => {
  it('has a bound on open requests, headers and the window, which it announces', async () => {
    using client = await http2Client(test)
    await vi.waitFor(() => expect(client.session.remoteSettings.maxConcurrentStreams).toBe(256))
    expect(client.session.remoteSettings).toMatchObject({
      maxHeaderListSize: 65_536,
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

  it('cannot send large headers, by length, by number or by reference', async () => {
    const bombs: Fields[] = [
      [...head(), ['x-large', 'a'.repeat(70_000)]],
      [...head(), ...Array.from({ length: 3_000 }, (_, i): [string, string] => [`x-${i}`, ''])],
    ]
    for (const fields of bombs) {
      using client = await RawHttp2.connect(test.httpsPort)
      sendInParts(client, headerBlock(fields))
      expect(await client.outcome(1)).not.toBe(200)
    }
    using client = await RawHttp2.connect(test.httpsPort)
    // One field of 3,000 bytes in the table of names, then 20,000 references of a byte to it: 60 MB.
    const field = Buffer.concat([Buffer.of(0x40, 1), Buffer.from('b'), integer(3_000, 7), Buffer.alloc(3_000, 'a')])
    sendInParts(client, Buffer.concat([headerBlock(head()), field, Buffer.alloc(20_000, 0x80 | 62)]))
    expect(await client.outcome(1)).not.toBe(200)
    await goesOn()
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
