import { DrowseError } from '@drowse/protocol'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { httpCall, type HttpAnswer } from './fixtures/http-call.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

const BROWSER = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36',
  accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
  'sec-fetch-mode': 'navigate',
}

let test: TestGateway
let upstreamPort = 0
let sandbox: FakeSandbox
let wake = (_error?: Error): void => {}

beforeAll(async () => {
  test = await startTestGateway()
  upstreamPort = (
    await test.upstream((request, response) => {
      response.end(`${request.method} ${request.url} ${String(request.headers['drowse-wake'])}`)
    })
  ).port
  test.routes.onWake = async () =>
    new Promise((resolve, reject) => (wake = (error) => (error === undefined ? resolve() : reject(error))))
})

beforeEach(() => {
  sandbox = test.routes.add({ kind: 'asleep', ports: { 3000: upstreamPort } })
  test.routes.wakeCalls = 0
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

async function ask(headers: Record<string, string>, path = '/', method = 'GET'): Promise<HttpAnswer> {
  const host = `3000-${sandbox.id}.drowse.localhost`
  return httpCall({ port: test.httpPort, path, method, headers: { host, ...headers } })
}

describe('a request that must not wake', () => {
  it.each([
    ['by its query', {}, '/?wake=false'],
    ['by its query among others', {}, '/path?a=b&wake=false&c#wake=true'],
    ['by its header', { 'drowse-wake': 'False' }, '/'],
  ])('is told that the sandbox is paused, %s', async (_, headers, path) => {
    const { status, body } = await ask(headers, path)
    expect(status).toBe(409)
    expect(JSON.parse(body)).toEqual({ sandboxId: sandbox.id, message: 'The sandbox is paused', code: 409 })
    expect(test.routes.wakeCalls).toBe(0)
  })

  it('passes when the sandbox runs: with its query, without its header', async () => {
    sandbox.kind = 'running'
    expect((await ask({ 'drowse-wake': 'false' }, '/?wake=false')).body).toBe('GET /?wake=false undefined')
  })

  it('learns nothing without what a wake takes', async () => {
    sandbox.access = { trafficAccessToken: 'secret' }
    expect((await ask({}, '/?wake=false')).status).toBe(403)
  })

  it.each(['/?wake=true', '/?wakes=false', '/wake=false', '/?x=wake=false'])('is not one for %s', async (path) => {
    const answer = ask({}, path)
    await vi.waitFor(() => expect(test.routes.wakeCalls).toBe(1))
    wake()
    expect((await answer).status).toBe(200)
  })
})

describe('a browser that opens a page of a sleeping sandbox', () => {
  it('gets the page itself when the wake is quick', async () => {
    const answer = ask(BROWSER)
    await vi.waitFor(() => expect(test.routes.wakeCalls).toBe(1))
    wake()
    expect(await answer).toMatchObject({ status: 200, body: 'GET / undefined' })
  })

  it('gets a page that looks again, while the wake goes on; then the page itself', async () => {
    const waiting = await ask(BROWSER)
    expect(waiting.status).toBe(503)
    expect(waiting.headers).toMatchObject({ 'retry-after': '1', 'cache-control': 'no-store' })
    expect(waiting.body).toContain('<meta http-equiv="refresh" content="1">')
    expect(waiting.body).toContain('The sandbox is waking up')
    expect(waiting.body.length).toBeLessThan(2_000)
    const again = ask(BROWSER)
    await vi.waitFor(() => expect(test.routes.wakeCalls).toBe(2))
    wake()
    expect(await again).toMatchObject({ status: 200, body: 'GET / undefined' })
  })

  it('gets a page that does not look again when the wake fails', async () => {
    const answer = ask(BROWSER)
    await vi.waitFor(() => expect(test.routes.wakeCalls).toBe(1))
    wake(new DrowseError('unavailable', 'No room'))
    const { status, body } = await answer
    expect([status, body.includes('No room'), body.includes('refresh')]).toEqual([503, true, false])
  })

  it.each([
    ['a form that it sends', BROWSER, 'POST'],
    ['a script in it', { ...BROWSER, 'sec-fetch-mode': 'cors' }, 'GET'],
    ['an image in it', { ...BROWSER, 'sec-fetch-mode': 'no-cors', accept: 'image/*' }, 'GET'],
    ['a program', { accept: 'text/html', 'user-agent': 'curl/8.5.0' }, 'GET'],
  ])('is held to the end of the wake for %s', async (_, headers, method) => {
    const answer = ask(headers, '/', method)
    let isAnswered = false
    void answer.then(() => (isAnswered = true))
    const page = await ask(BROWSER)
    expect([page.status, isAnswered]).toEqual([503, false])
    wake()
    expect((await answer).status).toBe(200)
  })
})

describe('a script of another origin', () => {
  const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' }

  it('may ask a sleeping daemon before it sends its token, and wakes nothing by that', async () => {
    sandbox.access = { accessToken: 'secret' }
    const answer = await httpCall({
      port: test.httpPort,
      method: 'OPTIONS',
      headers: {
        host: `49983-${sandbox.id}.x`,
        'access-control-request-headers': 'x-access-token',
        ...preflight,
      },
    })
    expect(answer).toMatchObject({
      status: 204,
      body: '',
      headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': 'x-access-token' },
    })
    expect(test.routes.wakeCalls).toBe(0)
  })

  it('asks a server in a running sandbox itself', async () => {
    sandbox.kind = 'running'
    expect((await ask(preflight, '/', 'OPTIONS')).body).toBe('OPTIONS / undefined')
  })

  it('reads what the gateway answers', async () => {
    sandbox.kind = 'not-found'
    const { status, headers } = await ask({ origin: 'https://app.example' })
    expect([status, headers['access-control-allow-origin']]).toEqual([502, '*'])
  })
})
