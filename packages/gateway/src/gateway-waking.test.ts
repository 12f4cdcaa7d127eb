import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { Socket } from 'node:net'
import { DrowseError } from '@drowse/protocol'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { httpCall } from './fixtures/http-call.ts'
import type { FakeSandbox } from './fixtures/fake-routes.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let upstreamPort = 0
/** Connections that the server in the sandbox has seen. */
const connections: Socket[] = []
let isSilent = false

beforeAll(async () => {
  test = await startTestGateway()
  const { port, server } = await test.upstream((request, response) => {
    // A connection whose sandbox was paused: the other end is reset at the first byte.
    if (isSilent && request.socket === connections[0]) request.socket.resetAndDestroy()
    else request.resume().once('end', () => response.end(`${request.method} ${connections.indexOf(request.socket)}`))
  })
  server.on('connection', (socket: Socket) => connections.push(socket))
  server.keepAliveTimeout = 0
  upstreamPort = port
})

afterEach(() => {
  test.routes.onWake = async () => {}
  test.routes.wakeCalls = 0
  test.routes.wakeRuns = 0
  connections.length = 0
  isSilent = false
})

afterAll(async () => {
  await test[Symbol.asyncDispose]()
})

function add(settings: Partial<Pick<FakeSandbox, 'kind' | 'access'>> = {}): FakeSandbox {
  return test.routes.add({ ...settings, ports: { 3000: upstreamPort, 49_983: upstreamPort } })
}

async function ask(sandbox: FakeSandbox, method = 'GET', port = 3000): Promise<string> {
  const headers = { 'e2b-sandbox-id': sandbox.id, 'e2b-sandbox-port': String(port) }
  const body = method === 'POST' ? 'body' : undefined
  const { status, body: text } = await httpCall({ port: test.httpPort, method, headers, ...(body && { body }) })
  return status === 200 ? text : String(status)
}

describe('gateway wakes', () => {
  it('a sandbox once for 50 requests, and answers each', async () => {
    const sandbox = add({ kind: 'asleep' })
    let wake = (): void => {}
    test.routes.onWake = async () => new Promise((resolve) => (wake = resolve))
    const answers = Promise.all(Array.from({ length: 50 }, async () => ask(sandbox)))
    await vi.waitFor(() => expect(test.routes.wakeCalls).toBe(50))
    expect(test.routes.open).toBe(0)
    wake()
    expect((await answers).every((text) => text.startsWith('GET'))).toBe(true)
    expect(test.routes.wakeRuns).toBe(1)
    await vi.waitFor(() => expect(test.routes.open).toBe(0))
  })

  it('a sandbox also when its client has gone, and does not count that request', async () => {
    const sandbox = add({ kind: 'asleep' })
    const changes = test.routes.changes.length
    let wake = (): void => {}
    const woken = new Promise<void>((resolve) => {
      test.routes.onWake = async () => new Promise<void>((begin) => (wake = begin)).then(() => resolve())
    })
    const request = httpRequest({ port: test.httpPort, agent: false, headers: { host: `3000-${sandbox.id}.x` } })
    request.on('error', () => {})
    request.end()
    await vi.waitFor(() => expect(test.routes.wakeCalls).toBe(1))
    request.destroy()
    await vi.waitFor(() => expect(test.routes.wakesAbandoned).toBe(1))
    wake()
    await woken
    expect(await ask(sandbox)).toMatch(/^GET/)
    expect(test.routes.wakeCalls).toBe(1)
    await vi.waitFor(() => expect(test.routes.changes.length).toBe(changes + 2))
  })

  it('again for the next request after a wake that failed', async () => {
    const sandbox = add({ kind: 'asleep' })
    test.routes.onWake = async () => {
      throw new DrowseError('engine_failed', 'Cannot restore')
    }
    expect(await ask(sandbox)).toBe('500')
    test.routes.onWake = async () => {}
    expect(await ask(sandbox)).toMatch(/^GET/)
  })

  it('a few times at most for one request', async () => {
    const sandbox = add({ kind: 'asleep' })
    vi.spyOn(test.routes, 'wake').mockImplementation(async () => void test.routes.wakeCalls++)
    expect(await ask(sandbox)).toBe('409')
    vi.restoreAllMocks()
    expect(test.routes.wakeCalls).toBe(3)
  })

  it.each([
    ['a daemon that does not listen yet', 'running', 49_983],
    ['a server that does not listen yet in a sandbox that the request woke', 'asleep', 3000],
  ] as const)('waits for %s', async (_, kind, port) => {
    const sandbox = add({ kind })
    // The daemon is asked too, whether the port is open on loopback; here it does not answer either.
    for (const closed of [port, 49_983]) sandbox.ports.delete(closed)
    const endpoint = test.routes.endpoint.bind(test.routes)
    let calls = 0
    vi.spyOn(test.routes, 'endpoint').mockImplementation(async (id, asked) => {
      if (asked === port && ++calls === 3) sandbox.ports.set(port, upstreamPort)
      return endpoint(id, asked)
    })
    expect(await ask(sandbox, 'POST', port)).toBe('POST 0')
    vi.restoreAllMocks()
    expect(calls).toBe(3)
  })
})

describe('gateway connections to a sandbox', () => {
  it('are used again, for requests with a body too', async () => {
    const sandbox = add()
    expect([await ask(sandbox), await ask(sandbox, 'POST'), await ask(sandbox)]).toEqual(['GET 0', 'POST 0', 'GET 0'])
  })

  it('are not used again after the generation changed, after a wake, and after dropConnections()', async () => {
    const sandbox = add()
    expect(await ask(sandbox)).toBe('GET 0')
    sandbox.generation = 2
    expect(await ask(sandbox, 'POST')).toBe('POST 1')
    sandbox.kind = 'asleep'
    expect(await ask(sandbox, 'POST')).toBe('POST 2')
    test.gateway.dropConnections(sandbox.id, 'paused')
    expect(await ask(sandbox, 'POST')).toBe('POST 3')
    await vi.waitFor(() => expect(connections.slice(0, 3).every((socket) => socket.destroyed)).toBe(true))
  })

  it('are new for what must not be sent twice when the generation is unknown', async () => {
    const sandbox = add()
    delete sandbox.generation
    expect([await ask(sandbox), await ask(sandbox), await ask(sandbox, 'POST')]).toEqual(['GET 0', 'GET 0', 'POST 1'])
  })

  it('that died while idle are replaced for a repeatable request', async () => {
    const sandbox = add()
    expect(await ask(sandbox)).toBe('GET 0')
    isSilent = true
    expect(await ask(sandbox)).toBe('GET 1')
  })

  it('that died under a request with a body give a 502, never a second send', async () => {
    const sandbox = add()
    expect(await ask(sandbox)).toBe('GET 0')
    isSilent = true
    expect(await ask(sandbox, 'POST')).toBe('502')
    expect(connections.length).toBe(1)
  })

  it('that are cut under a request do not wake the sandbox again', async () => {
    const sandbox = add()
    expect(await ask(sandbox)).toBe('GET 0')
    const upstream = await test.upstream(() => {})
    sandbox.ports.set(3000, upstream.port)
    const arrived = once(upstream.server, 'request')
    const answer = ask(sandbox)
    await arrived
    sandbox.kind = 'asleep'
    test.gateway.dropConnections(sandbox.id, 'paused')
    expect(await answer).toBe('409')
    expect(test.routes.wakeCalls).toBe(0)
  })
})
