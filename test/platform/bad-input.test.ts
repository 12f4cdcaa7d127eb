import { beforeAll, describe, expect, inject, it } from 'vitest'

describe('bad input', () => {
  const { E2B_API_URL: api = '', E2B_API_KEY: key = '' } = inject('clientEnv')

  async function call(path: string, body?: unknown, headers: Record<string, string> = {}, method = 'POST') {
    const response = await fetch(api + path, {
      method,
      headers: { 'X-API-KEY': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as { code: number; message: string } }
  }

  async function sandboxCount(): Promise<number> {
    const response = await fetch(`${api}/v2/sandboxes`, { headers: { 'X-API-KEY': key } })
    return ((await response.json()) as unknown[]).length
  }

  let countBefore = 0
  beforeAll(async () => {
    countBefore = await sandboxCount()
  })

  it.each([
    ['an unknown template', '/v2/sandboxes', { templateID: 'no-such-template' }, 404],
    ['a malformed template', '/v2/sandboxes', { templateID: '../../etc' }, 400],
    ['no template', '/v2/sandboxes', {}, 400],
    ['bad JSON', '/v2/sandboxes', '{"templateID": "base"', 400],
    ['JSON that is no object', '/v2/sandboxes', '[]', 400],
    ['a negative timeout', '/v2/sandboxes', { templateID: 'base', timeout: -1 }, 400],
    ['a zero timeout', '/v2/sandboxes', { templateID: 'base', timeout: 0 }, 400],
    ['a huge timeout', '/v2/sandboxes', { templateID: 'base', timeout: 2 ** 40 }, 400],
    ['a timeout that is no number', '/v2/sandboxes', { templateID: 'base', timeout: 'soon' }, 400],
    ['metadata that is no map of strings', '/v2/sandboxes', { templateID: 'base', metadata: { a: 1 } }, 400],
    ['autoResume without autoPause', '/v2/sandboxes', { templateID: 'base', autoResume: { enabled: true } }, 400],
    ['a malformed id', '/v2/sandboxes/not-an-id-at-all/connect', {}, 400],
    ['an unknown id', '/v2/sandboxes/iaaaaaaaaaaaaaaaaaaaa/connect', {}, 404],
    ['an unknown route', '/v2/nothing', {}, 404],
  ])("%s is refused with a sentence in the clients' shape", async (_, path, body, status) => {
    const answer = await call(path, body)
    expect(answer.status).toBe(status)
    expect(answer.body.code).toBe(status)
    expect(answer.body.message).toMatch(/^[A-Z"a-z].{8,300}$/)
    expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:|at Object/)
    expect(await sandboxCount()).toBe(countBefore)
  })

  it.each([['e2b_0000000000000000000000000000000000000000'], ['x'], ['']])(
    'key %j is refused with 401',
    async (wrong) => {
      expect((await call('/v2/sandboxes', { templateID: 'base' }, { 'X-API-KEY': wrong })).body.code).toBe(401)
    },
  )

  it('unknown fields are ignored', async () => {
    const answer = await call('/v2/sandboxes', { templateID: 'base', timeout: 60, somethingNew: { a: [1] } })
    expect(answer.status).toBe(201)
    const { sandboxID } = answer.body as unknown as { sandboxID: string }
    const killed = await fetch(`${api}/sandboxes/${sandboxID}`, { method: 'DELETE', headers: { 'X-API-KEY': key } })
    expect(killed.status).toBe(204)
  })
})
