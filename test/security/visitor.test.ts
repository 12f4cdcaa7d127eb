import { request } from 'node:http'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { api, detailOf } from '../platform/support/inspect.ts'
import { until } from '../platform/support/sandboxes.ts'

describe('a visitor who knows the URL of a sandbox', () => {
  let sandbox: Sandbox
  let host: string
  beforeAll(async () => {
    sandbox = await Sandbox.create({ timeoutMs: 300_000 })
    host = sandbox.getHost(3000)
    await sandbox.files.write('/home/user/headers.js', HEADERS)
    await sandbox.commands.run('node /home/user/headers.js', { background: true, timeoutMs: 0 })
    await until(async () => (await visit({ host })).status === 200)
  })
  afterAll(() => sandbox.kill())

  /** One request at the plain http door with exactly these headers. */
  async function visit(headers: Record<string, string>, path = '/'): Promise<{ status: number; body: string }> {
    const port = inject('installation').env['DROWSE_HTTP_PORT']
    return await new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
        response
          .setEncoding('utf8')
          .toArray()
          .then((parts) => resolve({ status: response.statusCode ?? 0, body: parts.join('') }), reject)
      })
      call.on('error', reject).end()
    })
  }

  it('cannot pass for somebody else by headers that proxies write', async () => {
    const forged = {
      'X-Forwarded-For': '203.0.113.7',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'bank.example',
      Forwarded: 'for=203.0.113.7;host=bank.example',
      'X-Real-IP': '203.0.113.7',
    }
    const { body } = await visit({ host, ...forged })
    expect(body).not.toMatch(/203\.0\.113\.7|bank\.example/)
    expect(JSON.parse(body)).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' })
  })

  it('cannot reach a sandbox under a name that is not the platform’s, as a page with a rebound name would', async () => {
    const routing = { 'E2b-Sandbox-Id': sandbox.sandboxId, 'E2b-Sandbox-Port': '3000' }
    expect((await visit({ host: '127.0.0.1', ...routing })).status).toBe(200)
    expect((await visit({ host: 'rebound.example', ...routing })).status).toBe(400)
    expect((await visit({ host: 'rebound.example' }, '/v2/sandboxes')).status).toBe(401)
  })

  it('cannot call the daemon, inside or outside its public paths', async () => {
    const daemon = sandbox.getHost(49_983)
    expect((await visit({ host: daemon }, '/files?path=/etc/passwd')).status).toBe(401)
    expect((await visit({ host: daemon, 'X-Access-Token': 'x'.repeat(64) }, '/envs')).status).toBe(401)
    for (const path of ['/init', '/start', '/freeze', '//init', '/%69nit', '/./init', '/x/../init']) {
      expect([path, (await visit({ host: daemon }, path)).status]).toEqual([path, 404])
    }
  })

  it('is refused with headers that are too large, which disturbs nobody', async () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`x-${index}`, 'x'.repeat(100)]))
    const answers = await Promise.all(
      [{ 'X-Large': 'x'.repeat(1_000_000) }, { Cookie: 'x'.repeat(70_000) }, many].map(
        async (headers) =>
          await visit({ host, ...headers }).then(
            ({ status }) => status,
            (error: NodeJS.ErrnoException) => error.code,
          ),
      ),
    )
    // One that is still sending when it is refused may find its connection closed before it reads why.
    for (const answer of answers) expect([431, 'EPIPE', 'ECONNRESET']).toContain(answer)
    expect(answers).toContain(431)
    expect((await visit({ host })).status).toBe(200)
    expect((await api('/v2/sandboxes')).status).toBe(200)
  })

  it('learns nothing of ids by trying', async () => {
    const guesses = [sandbox.sandboxId.replace(/.$/, (last) => (last === 'a' ? 'b' : 'a')), 'iaaaaaaaaaaaaaaaaaaaa']
    for (const id of guesses) {
      const { status, body } = await visit({ host: host.replace(sandbox.sandboxId, id) })
      expect([status, JSON.parse(body)]).toEqual([
        502,
        { sandboxId: id, message: 'The sandbox was not found', code: 502 },
      ])
    }
    expect((await detailOf(sandbox.sandboxId)).state).toBe('running')
  })
})

/** A server that answers with the headers it was asked with. */
const HEADERS = `require('node:http')
  .createServer((request, response) => response.end(JSON.stringify(request.headers)))
  .listen(3000, '0.0.0.0')
`
