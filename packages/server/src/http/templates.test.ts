import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

test('GET /templates tells what sandboxes can be made from, in both versions', async () => {
  await using api = await Api.start()
  for (const url of ['/templates', '/v2/templates?limit=10']) {
    const { status, text } = await api.call('GET', url)
    expect(status).toBe(200)
    expect(JSON.parse(text)).toContainEqual(expect.objectContaining({ templateID: 'base', public: true }))
  }
})

test('GET /templates/aliases/:alias knows names and ids, and nothing else', async () => {
  await using api = await Api.start()
  expect(await api.call('GET', '/templates/aliases/BASE')).toMatchObject({ status: 200, body: { templateID: 'base' } })
  expect((await api.call('GET', '/templates/aliases/nonesuch')).status).toBe(404)
})
