import { signFileUrl } from '@drowse/protocol'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { httpCall } from './fixtures/http-call.ts'
import { startTestGateway, type TestGateway } from './fixtures/test-gateway.ts'

let test: TestGateway
let daemonPort = 0

beforeAll(async () => {
  test = await startTestGateway()
  const { port } = await test.upstream((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => response.end(`daemon: ${request.method} ${body}`))
  })
  daemonPort = port
})
afterAll(async () => await test[Symbol.asyncDispose]())

function signedPath(accessToken: string, operation: 'read' | 'write'): string {
  const signature = signFileUrl({ path: 'a.txt', operation, user: '', accessToken })
  return `/files?${new URLSearchParams({ path: 'a.txt', signature }).toString()}`
}

async function ask(path: string, method = 'GET', headers: Record<string, string> = {}): Promise<string> {
  const body = method === 'POST' ? 'up' : undefined
  return (await httpCall({ port: test.httpPort, method, path, headers, ...(body === undefined ? {} : { body }) })).body
}

it('a signed URL without routing headers goes to the sandbox that has signed it, body and all', async () => {
  test.routes.add({ access: { accessToken: 'other' }, ports: {} })
  test.routes.add({ access: { accessToken: 'mine' }, ports: { 49_983: daemonPort } })
  expect(await ask(signedPath('mine', 'read'))).toBe('daemon: GET ')
  expect(await ask(signedPath('mine', 'write'), 'POST')).toBe('daemon: POST up')
})

it('a signed URL wakes the sandbox that has signed it', async () => {
  const sandbox = test.routes.add({ kind: 'asleep', access: { accessToken: 'asleep' }, ports: { 49_983: daemonPort } })
  expect(await ask(signedPath('asleep', 'read'))).toBe('daemon: GET ')
  expect(sandbox.kind).toBe('running')
})

it.each([
  ['that nobody has signed', signedPath('nobody', 'read'), 'GET'],
  ['for the other operation', signedPath('mine', 'read'), 'POST'],
  ['whose signature has another form', '/files?path=a.txt&signature=v1_x', 'GET'],
  ['that is not of a file', signedPath('mine', 'read').replace('/files', '/filesque'), 'GET'],
])('a URL %s is for the API', async (_, path, method) => {
  expect(await ask(path, method)).not.toContain('daemon')
})

it('a signed URL with ambiguous framing is refused', async () => {
  const headers = { 'transfer-encoding': 'gzip, chunked' }
  expect(await ask(signedPath('mine', 'write'), 'POST', headers)).not.toContain('daemon')
})

it('a signed URL is answered 429 while too many others are looked up', async () => {
  test.routes.areSearchesFull = true
  try {
    const answer = await httpCall({ port: test.httpPort, method: 'GET', path: signedPath('mine', 'read') })
    expect(answer.status).toBe(429)
  } finally {
    test.routes.areSearchesFull = false
  }
})
