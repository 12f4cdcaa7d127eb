import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { rawCall } from './fixtures/http-call.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

/** What each kind of test may take, in ms: the rest of the cases is left for the next run. */
const TIME_BOX_MS = 4_000

let test: TestGateway
let sandbox: FakeSandbox
/** Requests that the server in the sandbox saw. */
let seen: string[] = []

beforeAll(async () => {
  test = await startTestGateway()
  const { port } = await test.upstream((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    request.on('error', () => {})
    request.resume().once('end', () => response.end('ok'))
  })
  sandbox = test.routes.add({ ports: { 3000: port } })
})

beforeEach(() => {
  seen = []
  test.routes.changes.length = 0
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

/** Requests that the gateway itself took to be for the sandbox. */
function counted(): number {
  return test.routes.changes.filter((delta) => delta === 1).length
}

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n'

describe('a request inside another one', () => {
  it.each([
    ['behind a length and a chunked body', ['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${HIDDEN}`],
    ['behind a chunked body and a length', ['Transfer-Encoding: chunked', 'Content-Length: 6'], `0\r\n\r\n${HIDDEN}`],
    ['behind a tab before chunked', ['Transfer-Encoding:\tchunked', 'Content-Length: 60'], `0\r\n\r\n${HIDDEN}`],
    ['behind a chunked with a vertical tab', ['Transfer-Encoding: \x0bchunked'], `0\r\n\r\n${HIDDEN}`],
    ['behind two encodings', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], `0\r\n\r\n${HIDDEN}`],
    ['behind chunked twice', ['Transfer-Encoding: chunked, chunked'], `0\r\n\r\n${HIDDEN}`],
    ['behind quotes', ['Transfer-Encoding: "chunked"'], `0\r\n\r\n${HIDDEN}`],
    ['behind a length with a sign', ['Content-Length: +0'], HIDDEN],
    ['behind a length with spaces', ['Content-Length: 0 0'], HIDDEN],
    ['behind a length in hexadecimal', ['Content-Length: 0x3c'], HIDDEN],
    ['behind a length that overflows', ['Content-Length: 18446744073709551616'], HIDDEN],
    ['behind a name with a space', ['Content-Length : 0'], HIDDEN],
    ['in a chunk extension with a bare line feed', ['Transfer-Encoding: chunked'], `0;x\n\r\n${HIDDEN}`],
    ['behind a chunk size with a prefix', ['Transfer-Encoding: chunked'], `0x0\r\n\r\n${HIDDEN}`],
    ['behind a negative chunk size', ['Transfer-Encoding: chunked'], `-1\r\n\r\n${HIDDEN}`],
    ['in a header by a bare carriage return', [`X-A: b\rGET /hidden HTTP/1.1`], ''],
    ['in a header by a bare line feed', [`X-A: b\nX-Access-Token : c`], ''],
  ])('%s does not reach the server', async (_, headers, body) => {
    const lines = ['POST /outer HTTP/1.1', `Host: 3000-${sandbox.id}.x`, ...headers, 'Connection: close']
    const reply = await rawCall(test.httpPort, `${lines.join('\r\n')}\r\n\r\n${body}`)
    expect(reply).toMatch(/^HTTP\/1\.1 400 |^$/)
    expect(seen).not.toContain('GET /hidden')
  })

  it('does not reach the server when it is a body: the body of a GET, of an upgrade, of a trailer', async () => {
    const at = `Host: 3000-${sandbox.id}.x\r\nConnection: close`
    const size = HIDDEN.length
    await rawCall(test.httpPort, `GET /1 HTTP/1.1\r\n${at}\r\nContent-Length: ${size}\r\n\r\n${HIDDEN}`)
    await rawCall(
      test.httpPort,
      `GET /2 HTTP/1.1\r\n${at}, upgrade\r\nUpgrade: h2c\r\nContent-Length: ${size}\r\n\r\n${HIDDEN}`,
    )
    await rawCall(
      test.httpPort,
      `POST /3 HTTP/1.1\r\n${at}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\nHost: x\r\n\r\n${HIDDEN}`,
    )
    expect(seen).toEqual(['GET /1', 'GET /2', 'POST /3'])
  })
})

describe('whatever a client sends', () => {
  const name = fc.constantFrom(
    'Host',
    'Content-Length',
    'Transfer-Encoding',
    'Connection',
    'Upgrade',
    'Expect',
    'TE',
    'X-A',
  )
  const value = fc.oneof(
    fc.constantFrom(
      'chunked',
      'identity',
      '0',
      '4',
      '5',
      '-1',
      'close',
      'keep-alive',
      'content-length',
      '100-continue',
      'h2c',
    ),
    fc.string({ maxLength: 12 }),
  )
  const separator = fc.constantFrom(': ', ':', ' : ', ':\t', ':\r\n ')
  const lineEnd = fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', '\r')
  const header = fc.tuple(name, separator, value, lineEnd).map((parts) => parts.join(''))
  const body = fc.constantFrom(
    '',
    'body',
    HIDDEN,
    `0\r\n\r\n${HIDDEN}`,
    `4\r\nbody\r\n0\r\n\r\n`,
    `4\r\nbody\r\n0\r\n\r\n${HIDDEN}`,
  )
  const method = fc.constantFrom('GET', 'POST', 'PUT', 'get', 'PRI', 'X-ODD')

  it('a server sees only requests that the gateway counted, and the gateway goes on', async () => {
    await fc.assert(
      fc.asyncProperty(method, fc.array(header, { maxLength: 5 }), body, async (verb, headers, rest) => {
        seen = []
        test.routes.changes.length = 0
        const head = `${verb} /outer HTTP/1.1\r\nHost: 3000-${sandbox.id}.x\r\n${headers.join('')}\r\n`
        await rawCall(test.httpPort, head + rest, 200)
        expect(seen.length).toBeLessThanOrEqual(counted())
      }),
      { interruptAfterTimeLimit: TIME_BOX_MS, numRuns: 1_000 },
    )
  }, 30_000)

  it('a first line of any kind gets an answer or the end of its connection', async () => {
    const line = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc
        .tuple(method, fc.string({ maxLength: 20 }), fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTP/1.1', ''))
        .map((parts) => parts.join(' ')),
    )
    await fc.assert(
      fc.asyncProperty(line, async (first) => {
        const reply = await rawCall(
          test.httpPort,
          `${first}\r\nHost: 3000-${sandbox.id}.x\r\nConnection: close\r\n\r\n`,
          200,
        )
        expect(reply).toMatch(/^(HTTP\/1\.1 \d{3} |$)/)
      }),
      { interruptAfterTimeLimit: TIME_BOX_MS, numRuns: 1_000 },
    )
  }, 30_000)
})
