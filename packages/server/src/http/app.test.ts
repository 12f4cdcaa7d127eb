import { DrowseError } from '@drowse/protocol'
import { describe, expect, test } from 'vitest'
import { apiKeyRecord, newApiKey } from '../teams/api-key.ts'
import { Api } from '../testing/api.ts'

describe('create', () => {
  test.each(['/sandboxes', '/v2/sandboxes'])('POST %s answers 201 with what clients need', async (url) => {
    await using api = await Api.start()
    const { status, body } = await api.call('POST', url, { body: { templateID: 'base' } })
    expect(status).toBe(201)
    expect(body).toEqual({
      templateID: 'base',
      alias: 'base',
      sandboxID: expect.stringMatching(/^i[a-z0-9]{20}$/),
      clientID: expect.any(String),
      envdVersion: '0.6.13',
      envdAccessToken: expect.any(String),
      trafficAccessToken: null,
      domain: 'drowse.localhost:3443',
    })
  })

  test('secure: false gives no token on v1 and is ignored on v2', async () => {
    await using api = await Api.start()
    const body = { templateID: 'base', secure: false }
    expect((await api.call('POST', '/sandboxes', { body })).body).not.toHaveProperty('envdAccessToken')
    expect((await api.call('POST', '/v2/sandboxes', { body })).body).toHaveProperty('envdAccessToken')
  })

  test('allowPublicTraffic: false gives a traffic token', async () => {
    await using api = await Api.start()
    const body = { templateID: 'base', network: { allowPublicTraffic: false, maskRequestHost: 'localhost:${PORT}' } }
    expect((await api.call('POST', '/sandboxes', { body })).body['trafficAccessToken']).toEqual(expect.any(String))
  })

  test('a body as novita sends it is taken, unknown fields and nulls included', async () => {
    await using api = await Api.start()
    const body = {
      templateID: 'base:default',
      timeout: 61,
      secure: true,
      allow_internet_access: true,
      autoPause: true,
      autoResume: { enabled: false },
      metadata: { idle_timeout: '60' },
      network: { allowOut: [], denyOut: [] },
      volumeMounts: [],
      mcp: null,
      nodeID: null,
      someday: { a: 1 },
    }
    expect((await api.call('POST', '/sandboxes', { body })).status).toBe(201)
  })
})

const TOO_LONG = 25 * 3600

describe('bad input', () => {
  const bodies: [what: string, body: unknown, status: number, message: string | RegExp][] = [
    ['an unknown template', { templateID: 'nope' }, 404, "template 'nope' not found; there is base"],
    ['an unknown tag', { templateID: 'base:v9' }, 404, "tag 'v9' does not exist for template 'base'"],
    ['a malformed template', { templateID: '../etc' }, 400, /^Invalid template reference/],
    ['no template', {}, 400, 'templateID must name a template'],
    ['a template that is no text', { templateID: 7 }, 400, 'templateID must name a template'],
    ['timeout 0', { timeout: 0 }, 400, 'Timeout must be greater than 0'],
    ['a negative timeout', { timeout: -5 }, 400, 'Timeout must be greater than 0'],
    ['a huge timeout', { timeout: TOO_LONG }, 400, 'Timeout cannot be greater than 24 hours'],
    ['an absurd timeout', { timeout: 1e300 }, 400, /timeout/],
    ['a timeout of text', { timeout: '60' }, 400, 'timeout must be a whole number of seconds'],
    ['a broken timeout', { timeout: 1.5 }, 400, 'timeout must be a whole number of seconds'],
    [
      'metadata that is no text',
      { metadata: { a: 1 } },
      400,
      'Invalid value of "metadata.a": expected string, received number',
    ],
    ['metadata that is a list', { metadata: ['a'] }, 400, /metadata/],
    ['autoResume without autoPause', { autoResume: { enabled: true } }, 400, 'autoResume requires autoPause'],
    ['autoPauseMemory without autoPause', { autoPauseMemory: false }, 400, /autoPauseMemory/],
    [
      'files only with autoResume',
      { autoPause: true, autoPauseMemory: false, autoResume: { enabled: true } },
      400,
      /autoResume/,
    ],
    ['a denied name', { network: { denyOut: ['example.com'] } }, 400, 'invalid denied CIDR example.com'],
    ['a bad destination', { network: { allowOut: ['http://x'] } }, 400, 'invalid allowed destination http://x'],
    [
      'an allowed name where all is open',
      { network: { allowOut: ['example.com'], denyOut: ['10.0.0.0/8'] } },
      400,
      /^Domain names in allowOut require denyOut/,
    ],
    ['an egress proxy without a port', { network: { egressProxy: { address: 'x' } } }, 400, /egressProxy.address/],
    ['a long password', { network: { egressProxy: { address: 'x:1', password: 'x'.repeat(256) } } }, 400, /255 bytes/],
    ['a name server that is a name', { network: { dnsServers: ['dns.google'] } }, 400, /dnsServers/],
    ['eleven name servers', { network: { dnsServers: Array(11).fill('8.8.8.8') } }, 400, /dnsServers/],
    ['the daemon as a https port', { network: { httpsPorts: [49983] } }, 400, /httpsPorts/],
    ['rules for a bare wildcard', { network: { rules: { '*': [] } } }, 400, /network.rules/],
    [
      'a header that ends its line',
      { network: { rules: { 'a.b': [{ transform: { headers: { a: 'b\r\nc: d' } } }] } } },
      400,
      /header value/,
    ],
    [
      'a bad header',
      { network: { rules: { 'a.b': [{ transform: { headers: { 'a b': 'c' } } }] } } },
      400,
      /header|rules/,
    ],
    ['a bad host', { network: { maskRequestHost: 'ümlaut' } }, 400, /maskRequestHost/],
    [
      'private ports without a token',
      { secure: false, network: { allowPublicTraffic: false } },
      400,
      /requires secure/,
    ],
    ['volumes', { volumeMounts: [{ name: 'v', path: '/v' }] }, 400, 'volumeMounts is not supported yet; leave it out'],
    ['mcp', { mcp: { exa: {} } }, 400, /^mcp is not supported/],
    ['secrets', { secrets: { A: 'b' } }, 400, /^secrets is not supported/],
    ['an environment name with "="', { envVars: { 'A=B': 'x' } }, 400, /envVars/],
    ['a list for a body', '[]', 400, /body/],
    ['text for a body', '"x"', 400, /body/],
    ['broken JSON', '{"templateID": ', 400, 'Cannot read the request body: it is not valid JSON'],
    ['too much', { metadata: { a: 'x'.repeat(1_100_000) } }, 413, 'The request body is too large'],
  ]
  test.each(bodies)('create with %s is refused and makes nothing', async (_what, body, status, message) => {
    await using api = await Api.start()
    const sent =
      typeof body === 'string' || 'templateID' in (body as object) || Object.keys(body as object).length === 0
        ? body
        : { templateID: 'base', ...(body as object) }
    const answer = await api.call('POST', '/sandboxes', { body: sent })
    expect(answer.status).toBe(status)
    expect(answer.body).toEqual({
      code: status,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })
    expect(await api.harness.store.sandboxes.all()).toEqual([])
    expect(await api.harness.node.inventory()).toEqual([])
  })

  const calls: [
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    body: unknown,
    status: number,
    message: string | RegExp,
  ][] = [
    ['GET', '/sandboxes/a-b-c', undefined, 400, 'Invalid sandbox ID'],
    ['GET', '/sandboxes/UPPER', undefined, 400, 'Invalid sandbox ID'],
    ['DELETE', '/sandboxes/%2e%2e%2fetc', undefined, 400, 'Invalid sandbox ID'],
    ['GET', '/sandboxes/inobody', undefined, 404, `Sandbox "inobody" doesn't exist or you don't have access to it`],
    ['DELETE', '/sandboxes/inobody', undefined, 404, /doesn't exist/],
    ['POST', '/sandboxes/inobody/pause', undefined, 404, /doesn't exist/],
    ['POST', '/sandboxes/inobody/timeout', { timeout: 1 }, 404, /doesn't exist/],
    ['POST', '/sandboxes/inobody/timeout', undefined, 400, 'timeout must be a whole number of seconds'],
    ['POST', '/sandboxes/inobody/connect', { timeout: -1 }, 400, 'Timeout must be greater than 0'],
    ['POST', '/v2/sandboxes/inobody/connect', { timeout: TOO_LONG }, 400, /24 hours/],
    ['GET', '/v2/sandboxes?state=sleeping', undefined, 400, /^state must be/],
    ['GET', '/v2/sandboxes?limit=0', undefined, 400, /limit/],
    ['GET', '/v2/sandboxes?limit=101', undefined, 400, /limit/],
    ['GET', '/v2/sandboxes?limit=x', undefined, 400, /limit/],
    ['GET', '/v2/sandboxes?nextToken=garbage', undefined, 400, /nextToken/],
    ['GET', '/v2/sandboxes?order=up', undefined, 400, /order/],
    ['GET', '/v2/sandboxes?startedAfter=yesterday', undefined, 400, /startedAfter/],
    ['GET', '/v2/sandboxes?metadata=%25zz', undefined, 400, /metadata/],
    ['GET', '/nowhere', undefined, 404, 'Cannot find GET /nowhere: there is no such route'],
    ['GET', '/%zz', undefined, 400, /./],
    ['PUT', '/sandboxes', undefined, 405, /^Cannot PUT \/sandboxes: use /],
    ['GET', '/sandboxes/inobody/pause', undefined, 405, /use POST/],
  ]
  test.each(calls)('%s %s with %o', async (method, url, body, status, message) => {
    await using api = await Api.start()
    const answer = await api.call(method, url, { body })
    expect(answer.status).toBe(status)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.body).toEqual({
      code: status,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    })
  })

  test('a failure inside gives a sentence and a request id, never its own words', async () => {
    await using api = await Api.start()
    api.harness.node.failNext('templates', new Error('secret /var/lib/drowse'))
    const answer = await api.call('POST', '/sandboxes', { body: { templateID: 'base' } })
    expect(answer.status).toBe(500)
    expect(answer.body['message']).toMatch(/^Cannot complete the request: .* \(request [0-9a-f-]{36}\)$/)
  })

  test('a failure of the engine says what became of the sandbox', async () => {
    await using api = await Api.start()
    api.harness.node.failNext('create', new DrowseError('unavailable', 'secret /var/lib/drowse'))
    const answer = await api.call('POST', '/sandboxes', { body: { templateID: 'base' } })
    expect(answer).toMatchObject({ status: 503, body: { code: 503 }, headers: { 'retry-after': '1' } })
    expect(answer.body['message']).toMatch(/no room at the moment; nothing of it is left/)
  })
})

describe('authentication', () => {
  test.each([
    ['no key', { 'x-api-key': '' }],
    ['a wrong key', { 'x-api-key': `e2b_${'0'.repeat(40)}` }],
    ['a wrong bearer token', { 'x-api-key': '', authorization: 'Bearer nope' }],
    ['another scheme', { 'x-api-key': '', authorization: 'Basic dXNlcjo=' }],
  ])('refuses %s', async (_what, headers) => {
    await using api = await Api.start()
    const answer = await api.call('GET', '/v2/sandboxes', { headers })
    expect(answer).toMatchObject({ status: 401, body: { code: 401, message: expect.stringContaining('API key') } })
  })

  test('takes the key as a bearer token too', async () => {
    await using api = await Api.start()
    const key = newApiKey()
    await api.harness.store.teams.insertKey(apiKeyRecord(key, { teamId: 'team-b', name: 'b', nowMs: 0 }))
    const headers = { 'x-api-key': '', authorization: `Bearer ${key}` }
    expect((await api.call('GET', '/v2/sandboxes', { headers })).status).toBe(200)
  })

  test('hides the sandboxes of other teams', async () => {
    await using api = await Api.start()
    const id = await api.create()
    const key = newApiKey()
    await api.harness.store.teams.insertKey(apiKeyRecord(key, { teamId: 'team-b', name: 'b', nowMs: 0 }))
    const headers = { 'x-api-key': key }
    for (const [method, url] of [
      ['GET', `/sandboxes/${id}`],
      ['DELETE', `/sandboxes/${id}`],
      ['POST', `/sandboxes/${id}/connect`],
      ['POST', `/sandboxes/${id}/pause`],
    ] as const) {
      expect((await api.call(method, url, { headers })).status).toBe(404)
    }
    expect((await api.call('GET', '/v2/sandboxes', { headers })).body).toEqual([])
  })

  test('is not needed for health and preflights', async () => {
    await using api = await Api.start()
    expect((await api.call('GET', '/health', { headers: { 'x-api-key': '' } })).status).toBe(200)
    const preflight = await api.call('OPTIONS', '/sandboxes', {
      headers: {
        'x-api-key': '',
        origin: 'https://x.test',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-api-key',
      },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-headers': 'x-api-key',
    })
    const answer = await api.call('GET', '/v2/sandboxes', { headers: { origin: 'https://x.test' } })
    expect(answer.headers['access-control-expose-headers']).toMatch(/x-next-token/i)
  })
})

describe('sandbox routes', () => {
  test('get shows the whole sandbox', async () => {
    await using api = await Api.start()
    const id = await api.create({ timeout: 100, autoPause: true, autoResume: { enabled: true }, metadata: { a: 'b' } })
    const now = api.harness.clock.nowMs()
    const { status, body } = await api.call('GET', `/sandboxes/${id}-6532622b`)
    expect(status).toBe(200)
    expect(body).toEqual({
      templateID: 'base',
      alias: 'base',
      sandboxID: id,
      clientID: expect.any(String),
      envdVersion: '0.6.13',
      envdAccessToken: expect.any(String),
      startedAt: new Date(now).toISOString(),
      endAt: new Date(now + 100_000).toISOString(),
      state: 'running',
      cpuCount: 2,
      memoryMB: 512,
      diskSizeMB: 10_240,
      metadata: { a: 'b' },
      domain: 'drowse.localhost:3443',
      allowInternetAccess: null,
      network: {},
      lifecycle: { onTimeout: 'pause', autoResume: true },
      volumeMounts: [],
      drowse: {
        lifetimeEndAt: new Date(now + 100_000).toISOString(),
        openConnections: 0,
        network: { sentBytes: 0, receivedBytes: 0 },
      },
    })
  })

  test('pause, connect, resume and kill go through with empty bodies of any content type', async () => {
    await using api = await Api.start()
    const id = await api.create()
    const types: Record<string, string>[] = [
      {},
      { 'content-type': 'application/json' },
      { 'content-type': 'text/plain' },
      { 'content-type': '???' },
    ]
    for (const headers of types) {
      expect((await api.call('POST', `/sandboxes/${id}/pause`, { headers })).status).toBe(204)
      expect((await api.call('POST', `/sandboxes/${id}/pause`, { headers })).status).toBe(409)
      expect((await api.call('GET', `/sandboxes/${id}`)).body).toMatchObject({ state: 'paused', pauseMode: 'full' })
      expect((await api.call('POST', `/v2/sandboxes/${id}/connect`, { headers })).status).toBe(201)
      expect((await api.call('POST', `/sandboxes/${id}/connect`, { headers, body: '' })).status).toBe(200)
      expect((await api.call('POST', `/sandboxes/${id}/resume`, { headers })).status).toBe(409)
      expect((await api.call('POST', `/sandboxes/${id}/refreshes`, { headers })).status).toBe(204)
    }
    expect((await api.call('POST', `/sandboxes/${id}/timeout`, { body: { timeout: 30 } })).status).toBe(204)
    expect(await api.harness.secondsLeft(id)).toBe(30)
    expect(
      (await api.call('DELETE', `/sandboxes/${id}`, { headers: { 'content-type': 'application/json' } })).status,
    ).toBe(204)
    expect((await api.call('DELETE', `/sandboxes/${id}`)).status).toBe(404)
    expect((await api.call('POST', `/sandboxes/${id}/connect`)).body['code']).toBe(404)
  })

  test('connect refuses to pretend that it changed who may reach the sandbox', async () => {
    await using api = await Api.start()
    const id = await api.create()
    const connect = async (body: object) => (await api.call('POST', `/sandboxes/${id}/connect`, { body })).status
    expect(await connect({ timeout: 300, secure: true, allowPublicTraffic: true })).toBe(200)
    expect(await connect({ timeout: 300, allowPublicTraffic: false })).toBe(400)
    expect(await connect({ timeout: 300, network: { allowPublicTraffic: false } })).toBe(400)
    expect(await connect({ timeout: 300, network: { denyOut: ['0.0.0.0/0'] } })).toBe(400)
  })

  test('list filters by state, metadata and template, and gives pages', async () => {
    await using api = await Api.start()
    const ids: string[] = []
    for (let i = 0; i < 5; i++) {
      ids.unshift(await api.create({ metadata: { 'a b': 'c&d', n: String(i) } }))
      await api.harness.pass(1)
    }
    await api.call('POST', `/sandboxes/${ids[0]}/pause`)
    const list = async (query: string) => {
      const answer = await api.call('GET', `/v2/sandboxes?${query}`)
      expect(answer.status).toBe(200)
      return {
        ids: (answer.body as unknown as { sandboxID: string }[]).map((entry) => entry.sandboxID),
        next: answer.headers['x-next-token'],
      }
    }
    expect((await list('')).ids).toEqual(ids)
    expect((await list('order=asc')).ids).toEqual(ids.toReversed())
    expect((await list('state=paused')).ids).toEqual([ids[0]])
    expect((await list('state=running,paused')).ids).toEqual(ids)
    expect((await list('state=running&state=paused')).ids).toEqual(ids)
    expect((await list('metadata=a%252520b%3Dc%252526d')).ids).toEqual(ids)
    expect((await list('metadata=n%3D2%26a%252520b%3Dc%252526d')).ids).toEqual([ids[2]])
    expect((await list('metadata=n%3D9')).ids).toEqual([])
    expect((await list('template=base')).ids).toEqual(ids)
    expect((await list('template=other')).ids).toEqual([])
    expect((await list(`startedAfter=${new Date(api.harness.clock.nowMs() - 2000).toISOString()}`)).ids).toEqual(
      ids.slice(0, 2),
    )
    const first = await list('limit=3')
    expect(first.ids).toEqual(ids.slice(0, 3))
    const second = await list(`limit=3&nextToken=${String(first.next)}`)
    expect(second).toEqual({ ids: ids.slice(3), next: undefined })
    const legacy = await api.call('GET', '/sandboxes')
    expect((legacy.body as unknown as { sandboxID: string; state: string }[]).map((entry) => entry.sandboxID)).toEqual(
      ids.slice(1),
    )
  })
})
