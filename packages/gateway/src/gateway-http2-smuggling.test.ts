import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readStreamHead } from './door/http2/stream-head.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { END_HEADERS, END_STREAM, FRAME, headerBlock, RawHttp2 } from './fixtures/raw-http2.ts'
import { DOMAIN, startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

/** What the random cases may take, in ms: the rest is left for the next run. */
const TIME_BOX_MS = 4_000

let test: TestGateway
let sandbox: FakeSandbox
let client: RawHttp2
/** Requests that the server in the sandbox saw, and the bodies that it took for whole. */
let seen: string[] = []
let ends: string[] = []

beforeAll(async () => {
  test = await startTestGateway()
  const { port } = await test.upstream((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.host}`)
    let body = ''
    request.on('error', () => ends.push(`cut ${body}`))
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.once('end', () => {
      ends.push(`whole ${body}`)
      response.end('ok')
    })
  })
  sandbox = test.routes.add({ ports: { 3000: port } })
})

beforeEach(async () => {
  seen = []
  ends = []
  test.routes.changes.length = 0
  client = await RawHttp2.connect(test.httpsPort)
})

afterEach(async () => {
  client[Symbol.dispose]()
  await vi.waitFor(() => expect(test.routes.open).toBe(0))
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

type Fields = readonly (readonly [string, string])[]

function authority(): string {
  return `3000-${sandbox.id}.${DOMAIN}`
}

function head(method = 'POST', path = '/outer'): [string, string][] {
  return [
    [':method', method],
    [':scheme', 'https'],
    [':authority', authority()],
    [':path', path],
  ]
}

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n'

describe('a request inside one of HTTP/2', () => {
  it('is well-formed without tricks', async () => {
    client.request(1, head('GET'))
    expect([await client.outcome(1), seen]).toEqual([200, [`GET /outer ${authority()}`]])
  })

  it.each<[string, Fields]>([
    ['by transfer-encoding', [['transfer-encoding', 'chunked']]],
    ['by connection', [['connection', 'content-length']]],
    ['by keep-alive', [['keep-alive', 'timeout=5']]],
    ['by proxy-connection', [['proxy-connection', 'keep-alive']]],
    ['by upgrade', [['upgrade', 'h2c']]],
    ['by te', [['te', 'gzip, trailers']]],
    ['by a length that is too short', [['content-length', '1']]],
    ['by a length that is too long', [['content-length', '9999']]],
    ['by a length that is none', [['content-length', '+36']]],
    [
      'by two lengths',
      [
        ['content-length', '36'],
        ['content-length', '1'],
      ],
    ],
    ['by a list of lengths', [['content-length', '36, 36']]],
    ['by a second path', [[':path', '/hidden']]],
    ['by a pseudo header of answers', [[':status', '200']]],
    ['by an unknown pseudo header', [[':hidden', 'x']]],
    ['by another host', [['host', 'x']]],
    [
      'by two hosts',
      [
        ['host', '3000-x.y'],
        ['host', 'x'],
      ],
    ],
    ['by a name in upper case', [['Content-Length', '0']]],
  ])('does not reach the server %s', async (_, fields) => {
    client.request(1, [...head(), ...fields], { isWhole: false })
    client.send(FRAME.data, END_STREAM, 1, Buffer.from(HIDDEN))
    expect(await client.outcome(1)).not.toBe(200)
    expect(ends.filter((end) => end.startsWith('whole'))).toEqual([])
    expect(seen.join()).not.toContain('hidden')
  })

  const INJECTED = 'a\r\nTransfer-Encoding: chunked\r\n\r\nGET /hidden HTTP/1.1'
  it.each<[string, Fields]>([
    ['a value with a line end', [['x-a', INJECTED]]],
    ['a value with a line feed', [['x-a', 'a\nx-access-token: b']]],
    ['a value with a carriage return', [['x-a', 'a\rb']]],
    ['a value with a NUL', [['x-a', 'a\0b']]],
    ['a name with a line end', [['x-a: b\r\ntransfer-encoding', 'chunked']]],
    ['a name with a colon', [['transfer-encoding: chunked', 'x']]],
    ['a name with a space', [['transfer-encoding ', 'chunked']]],
    ['a name with a NUL', [['transfer-encoding\0', 'chunked']]],
    ['a name beyond ASCII', [['tränsfer', 'chunked']]],
    ['an empty name', [['', 'chunked']]],
    ['a cookie with a line end', [['cookie', INJECTED]]],
  ])('does not come of %s: the field is refused or never arrives', async (_, fields) => {
    client.request(1, [...head('GET'), ...fields])
    await client.outcome(1)
    expect(seen.filter((line) => line !== `GET /outer ${authority()}`)).toEqual([])
    expect(seen.length).toBeLessThanOrEqual(1)
  })

  it.each([
    ['a method with a space', [':method', 'GET /hidden HTTP/1.1\r\nX:']],
    ['an unknown method', [':method', 'ODD']],
    ['a method in lower case', [':method', 'get']],
    ['a path with a line end', [':path', '/ HTTP/1.1\r\nHost: x\r\n\r\nGET /hidden']],
    ['a path with a space', [':path', '/a HTTP/1.1']],
    ['a path with a NUL', [':path', '/a\0b']],
    ['a path with a fragment', [':path', '/a#b']],
    ['a whole url as path', [':path', 'https://x/hidden']],
    ['no path', [':path', '']],
    ['a host with a line end', [':authority', 'x\r\nContent-Length: 5']],
    ['a host with a user', [':authority', 'user@x']],
    ['a host with a path', [':authority', 'x/hidden']],
    ['no host', [':authority', '']],
  ] as const)('is refused with %s', async (_, [name, value]) => {
    client.request(
      1,
      head('GET').map(([key, own]) => [key, key === name ? value : own] as const),
    )
    expect(await client.outcome(1)).not.toBe(200)
    expect(seen).toEqual([])
  })

  it('is refused without a pseudo header, with one twice or behind others, and for CONNECT', async () => {
    const cases: Fields[] = [
      ...head('GET').map((_, i) => head('GET').filter((_field, at) => at !== i)),
      ...head('GET').map((field) => [...head('GET'), field]),
      [['x-a', 'b'], ...head('GET')],
      [
        [':method', 'CONNECT'],
        [':authority', authority()],
      ],
      [[':method', 'CONNECT'], [':protocol', 'websocket'], ...head('GET').slice(1)],
    ]
    for (const fields of cases) {
      using other = await RawHttp2.connect(test.httpsPort)
      other.request(1, fields)
      expect(await other.outcome(1)).not.toBe(200)
    }
    expect(seen).toEqual([])
  })

  it('does not come of a body, or of trailers', async () => {
    client.request(1, [...head(), ['content-length', String(HIDDEN.length)]], { isWhole: false })
    client.send(FRAME.data, END_STREAM, 1, Buffer.from(HIDDEN))
    expect(await client.outcome(1)).toBe(200)
    client.request(3, head('GET', '/get'), { isWhole: false })
    client.send(FRAME.data, END_STREAM, 3, Buffer.from(`0\r\n\r\n${HIDDEN}`))
    expect(await client.outcome(3)).toBe(200)
    client.request(5, head('POST', '/late'), { isWhole: false })
    client.send(FRAME.data, 0, 5, Buffer.from('body'))
    client.send(
      FRAME.headers,
      END_HEADERS | END_STREAM,
      5,
      headerBlock([
        ['x-a', `b\r\n\r\n${HIDDEN}`],
        ['content-length', '1'],
        ['host', 'x'],
      ]),
    )
    await client.outcome(5)
    expect(seen.filter((line) => line.includes('/hidden'))).toEqual([])
  })

  it.each([
    ['cancel', 8],
    ['no error', 0],
  ])('whose body is taken back with "%s" is never whole for the server', async (_, code) => {
    client.request(1, head(), { isWhole: false })
    client.send(FRAME.data, 0, 1, Buffer.from('half'))
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    client.reset(1, code)
    await vi.waitFor(() => expect(ends).toEqual(['cut half']))
  })

  it('whose connection is lost is never whole for the server', async () => {
    client.request(1, head(), { isWhole: false })
    client.send(FRAME.data, 0, 1, Buffer.from('half'))
    await vi.waitFor(() => expect(seen).toHaveLength(1))
    client.socket.destroy()
    await vi.waitFor(() => expect(ends).toEqual(['cut half']))
  })
})

describe('whatever fields come', () => {
  const name = fc.oneof(
    fc.constantFrom(
      ':method',
      ':path',
      ':authority',
      ':scheme',
      'host',
      'content-length',
      'cookie',
      'te',
      'x-a',
      'expect',
    ),
    fc.constantFrom('transfer-encoding', 'connection', 'Content-Length', 'x\r\ny', 'x y', ''),
    fc.string({ unit: 'binary', maxLength: 8 }),
  )
  const value = fc.oneof(
    fc.constantFrom(
      'GET',
      'POST',
      '/',
      '/a?b',
      '*',
      'x.y',
      '0',
      '5',
      'chunked',
      'trailers',
      'a\r\nb: c',
      'a\n b',
      '\0',
    ),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  const fields = fc.array(fc.tuple(name, value), { maxLength: 8 })

  it('a head that is taken says in HTTP/1.1 what it said, and nothing else', () => {
    const start = [':method', 'GET', ':scheme', 'https', ':authority', 'x.y', ':path', '/']
    fc.assert(
      fc.property(fc.constantFrom([], start), fields, fc.boolean(), (before, more, hasBody) => {
        const rawHeaders = [...before, ...more.flat()]
        const read = readStreamHead({ headers: {}, rawHeaders, hasBody })
        if ('refusal' in read) {
          expect(read.refusal.message).toMatch(/^[\x20-\x7e]+$/)
          return
        }
        expect(`${read.method} ${read.url} HTTP/1.1`).toMatch(/^[A-Z-]+ [^\s\0]+ HTTP\/1\.1$/)
        expect(
          read.rawHeaders.filter((key, i) => i % 2 === 0 && /^(host|content-length)$/.test(key)).length,
        ).toBeLessThan(3)
        expect(read.rawHeaders.slice(0, 2)).toEqual(['host', read.headers.host])
        for (const [i, text] of read.rawHeaders.entries()) {
          expect(text).toMatch(i % 2 === 0 ? /^[!#-'*+.^-z|~0-9-]+$/ : /^[^\r\n\0]*$/)
          if (i % 2 === 0) expect(text).not.toMatch(/^(:.*|connection|transfer-encoding|upgrade|keep-alive)$/)
        }
      }),
      { interruptAfterTimeLimit: TIME_BOX_MS, numRuns: 20_000 },
    )
  }, 30_000)

  it('a server sees only requests that the gateway counted, and the gateway goes on', async () => {
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom('', HIDDEN, `0\r\n\r\n${HIDDEN}`), async (more, body) => {
        seen = []
        test.routes.changes.length = 0
        using one = await RawHttp2.connect(test.httpsPort)
        one.request(1, [...head(), ...more], { isWhole: body === '' })
        if (body !== '') one.send(FRAME.data, END_STREAM, 1, Buffer.from(body))
        await one.outcome(1)
        expect(seen.length).toBeLessThanOrEqual(test.routes.changes.filter((delta) => delta === 1).length)
        expect(seen.join()).not.toContain('hidden')
      }),
      { interruptAfterTimeLimit: TIME_BOX_MS, numRuns: 1_000 },
    )
    client.request(1, head('GET'))
    expect(await client.outcome(1)).toBe(200)
  }, 30_000)
})
