import { signFileUrl } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'

test('findSigner() finds whose token has signed a URL among many, also when that has ended, and nobody for a forged one', async () => {
  await using harness = await Harness.start()
  const ids = [await harness.create(), await harness.create(), await harness.create({ secure: false })]
  const { routes } = harness.service
  for (const id of ids.slice(0, 2)) {
    const accessToken = (await harness.store.sandboxes.find(id))?.envdAccessToken ?? ''
    for (const expiration of [undefined, 1]) {
      const signature = signFileUrl({ path: 'a', operation: 'read', user: 'root', accessToken, expiration })
      const end = expiration === undefined ? {} : { signature_expiration: String(expiration) }
      const query = new URLSearchParams({ path: 'a', username: 'root', signature, ...end })
      expect(await routes.findSigner({ query, operation: 'read' })).toBe(id)
      expect(await routes.findSigner({ query, operation: 'write' })).toBeUndefined()
    }
  }
})

test('findSigner() lets no more than 64 searches wait', async () => {
  await using harness = await Harness.start()
  const query = new URLSearchParams({ path: 'a', signature: 'v1_none' })
  const searches = Array.from(
    { length: 70 },
    async () => await harness.service.routes.findSigner({ query, operation: 'read' }),
  )
  const outcomes = await Promise.allSettled(searches)
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  expect(refused).toHaveLength(5)
  expect(refused[0]).toMatchObject({ reason: { code: 'rate_limited' } })
})
