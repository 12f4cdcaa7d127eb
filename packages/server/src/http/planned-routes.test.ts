import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

test.each([
  ['POST', '/sandboxes/iaaaaaaaaaaaaaaaaaaaa/snapshots', 'Drowse has no snapshots yet: pause() and connect()'],
  ['POST', '/sandboxes/iaaaaaaaaaaaaaaaaaaaa/clone', 'Drowse has no clones and forks yet'],
  ['POST', '/sandboxes/iaaaaaaaaaaaaaaaaaaaa/fork', 'Drowse has no clones and forks yet'],
  ['POST', '/v3/templates', '"drowse template add"'],
  ['GET', '/sandboxes/quota', 'Drowse has no quotas yet'],
] as const)('%s %s is answered 501 that says what to do instead', async (method, url, words) => {
  await using api = await Api.start()
  const { status, body, headers } = await api.call(method, url, method === 'POST' ? { body: {} } : {})
  expect(status).toBe(501)
  expect(body).toMatchObject({ code: 501, message: expect.stringContaining(words) as unknown })
  expect(headers['should-retry']).toBe('false')
})

test('what is planned needs a key like everything else', async () => {
  await using api = await Api.start()
  expect((await api.call('GET', '/snapshots', { headers: { 'x-api-key': 'e2b_00' } })).status).toBe(401)
})
