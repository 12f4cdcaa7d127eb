import { DrowseError } from '@drowse/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { httpCall, type HttpAnswer } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36'

let test: TestGateway
let upstreamPort = 0

beforeAll(async () => {
  test = await startTestGateway()
  const upstream = await test.upstream((request, response) => response.end(`saw ${request.url}`))
  upstreamPort = upstream.port
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

async function ask(id: string, port: number, headers: Record<string, string> = {}, path = '/'): Promise<HttpAnswer> {
  return httpCall({ port: test.httpPort, path, headers: { host: `${port}-${id}.drowse.localhost`, ...headers } })
}

function parse(answer: HttpAnswer): unknown {
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  return JSON.parse(answer.body)
}

function addOpen(settings: Partial<Pick<FakeSandbox, 'kind' | 'access'>> = {}): FakeSandbox {
  const sandbox = test.routes.add(settings)
  for (const port of [3000, 49_983]) sandbox.ports.set(port, upstreamPort)
  return sandbox
}

describe('gateway answers', () => {
  it('502 "was not found" for an unknown sandbox and for one that traffic does not wake', async () => {
    const paused = addOpen({ kind: 'not-found' })
    for (const id of ['i00000000000000000000', paused.id]) {
      const answer = await ask(id, 49_983, {}, '/health')
      expect(answer.status).toBe(502)
      expect(parse(answer)).toEqual({ sandboxId: id, message: 'The sandbox was not found', code: 502 })
    }
  })

  it('502 "port is not open" when nothing listens', async () => {
    const { id } = test.routes.add()
    const answer = await ask(id, 3000)
    expect(answer.status).toBe(502)
    expect(parse(answer)).toEqual({
      sandboxId: id,
      message: 'The sandbox is running but port is not open',
      port: 3000,
      code: 502,
    })
  })

  it('502 "port is not open" when the daemon does not come up', async () => {
    const { id } = test.routes.add()
    expect(parse(await ask(id, 49_983))).toMatchObject({ port: 49_983, code: 502 })
  })

  it('502 when the server in the sandbox hangs up without an answer', async () => {
    const upstream = await test.upstream((request) => request.socket.destroy())
    const { id } = test.routes.add({ ports: { 3000: upstream.port } })
    const answer = await ask(id, 3000)
    expect(answer.status).toBe(502)
    expect(parse(answer)).toMatchObject({ message: 'The sandbox closed the connection before it answered' })
  })

  it('502 "was not found" when the sandbox is killed under a request', async () => {
    const sandbox = test.routes.add()
    const upstream = await test.upstream((request) => {
      sandbox.kind = 'not-found'
      request.socket.destroy()
    })
    sandbox.ports.set(3000, upstream.port)
    expect(parse(await ask(sandbox.id, 3000))).toMatchObject({ message: 'The sandbox was not found', code: 502 })
  })

  it('403 on a private port without the traffic token or with a wrong one, and passes with it', async () => {
    const { id } = addOpen({ access: { trafficAccessToken: 'secret' } })
    const missing = await ask(id, 3000)
    expect(missing.status).toBe(403)
    expect(parse(missing)).toEqual({
      sandboxId: id,
      message: "Sandbox is secured with traffic access token. Token header 'e2b-traffic-access-token' is missing",
      code: 403,
    })
    const wrong = await ask(id, 3000, { 'e2b-traffic-access-token': 'secres' })
    expect(parse(wrong)).toEqual({
      sandboxId: id,
      message:
        "Sandbox is secured with traffic access token. Provided token in header 'e2b-traffic-access-token' is invalid",
      code: 403,
    })
    expect((await ask(id, 3000, { 'e2b-traffic-access-token': 'secret' })).body).toBe('saw /')
  })

  it('leaves the daemon’s port to the daemon’s own token', async () => {
    const { id } = addOpen({ access: { trafficAccessToken: 'secret', accessToken: 'other' } })
    expect((await ask(id, 49_983, {}, '/health')).body).toBe('saw /health')
  })

  it.each([
    ['the daemon', 49_983, { accessToken: 'right' }, 'x-access-token'],
    ['a private port', 3000, { trafficAccessToken: 'right' }, 'e2b-traffic-access-token'],
  ])('403 and no wake when %s is asked without credentials', async (_, port, access, header) => {
    const sandbox = addOpen({ kind: 'asleep', access })
    const before = test.routes.wakeCalls
    for (const headers of [{}, { [header]: 'wrong' }, { [header]: '' }]) {
      const answer = await ask(sandbox.id, port, headers)
      expect(answer.status).toBe(403)
      expect(parse(answer)).toEqual({
        sandboxId: sandbox.id,
        message: "This sandbox can't be resumed with the credentials provided. Check your access token and try again.",
        code: 403,
      })
    }
    expect(test.routes.wakeCalls).toBe(before)
    expect((await ask(sandbox.id, port, { [header]: 'right' })).body).toBe('saw /')
  })

  it.each([
    ['rate_limited', 429, 'too many sandboxes run', '1'],
    ['unavailable', 503, 'no room', '1'],
    ['deadline_exceeded', 409, 'The sandbox is still transitioning. Try again in a moment.', '1'],
    ['not_found', 502, 'The sandbox was not found', undefined],
    ['engine_failed', 500, 'The sandbox could not be reached because of an internal error', '1'],
    ['internal', 500, 'The sandbox could not be reached because of an internal error', undefined],
  ] as const)('maps a wake’s %s to %i', async (code, status, message, retryAfter) => {
    const { id } = addOpen({ kind: 'asleep' })
    test.routes.onWake = async () => {
      throw new DrowseError(code, message)
    }
    const answer = await ask(id, 3000)
    test.routes.onWake = async () => {}
    expect(answer.status).toBe(status)
    expect(parse(answer)).toEqual({ sandboxId: id, message, code: status })
    expect(answer.headers['retry-after']).toBe(retryAfter)
  })

  it('400 for a name with a bad port, and for half of the routing headers', async () => {
    const bad = await ask('i00000000000000000000', 70_000)
    expect(bad.status).toBe(400)
    expect(parse(bad)).toEqual({ message: 'Invalid sandbox port', code: 400 })
    const half = await httpCall({ port: test.httpPort, headers: { 'e2b-sandbox-id': 'i00000000000000000000' } })
    expect(half.status).toBe(400)
  })

  it.each(['/init', '//init', '/%69nit', '/./init', '/init/', '/freeze', '/upgrade'])(
    '404 for the daemon’s internal %s, without waking',
    async (path) => {
      const { id } = addOpen({ kind: 'asleep' })
      const before = test.routes.wakeCalls
      expect((await ask(id, 49_983, {}, path)).status).toBe(404)
      expect(test.routes.wakeCalls).toBe(before)
      expect((await ask(id, 3000, {}, path)).body).toBe(`saw ${path}`)
    },
  )

  it('a page for a browser that navigates', async () => {
    const { id } = test.routes.add()
    const answer = await ask(id, 3000, { 'user-agent': BROWSER, accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate' })
    expect(answer.status).toBe(502)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.body).toContain('The sandbox is running but port is not open')
    expect(answer.body).toContain(id)
    expect(answer.body).toContain('3000')
    const forbidden = addOpen({ access: { trafficAccessToken: 'x' } })
    expect((await ask(forbidden.id, 3000, { 'user-agent': BROWSER })).body).toContain(
      '&#39;e2b-traffic-access-token&#39;',
    )
  })

  it.each([
    ['asks for JSON', { accept: 'application/json' }],
    ['runs a script', { 'sec-fetch-mode': 'cors' }],
    ['opens a WebSocket', { 'sec-fetch-mode': 'websocket' }],
  ])('JSON for a browser that %s', async (_, headers) => {
    const { id } = test.routes.add()
    expect(parse(await ask(id, 3000, { 'user-agent': BROWSER, ...headers }))).toMatchObject({ code: 502 })
  })

  it('passes everything else to the API', async () => {
    const call = { port: test.httpPort, method: 'POST', path: '/sandboxes', body: '{}' }
    expect((await httpCall(call)).body).toBe('{"api":"POST /sandboxes"}')
    const routed = { 'novita-sandbox-id': addOpen().id, 'novita-sandbox-port': '49983' }
    const connect = { ...call, path: '/sandboxes/x/connect', headers: { ...routed, 'x-api-key': 'e2b_0' } }
    expect((await httpCall(connect)).body).toBe('{"api":"POST /sandboxes/x/connect"}')
    expect((await httpCall({ port: test.httpPort, path: '/health', headers: routed })).body).toBe('saw /health')
  })
})
