import { Sandbox } from 'e2b'
import { describe, expect, it } from 'vitest'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { startGuestProgram } from './support/guest-program.ts'
import { fallAsleep, isAsleep, SLEEPY } from './support/sleep.ts'
import { visits } from './support/visits.ts'

describe('a private preview', () => {
  const keep = killAfterEach()
  const visit = visits()

  it('tells a visitor without the token so and sleeps on, and wakes for one with it', async () => {
    const sandbox = keep(await Sandbox.create({ ...SLEEPY, network: { allowPublicTraffic: false } }))
    await startGuestProgram(sandbox, 'preview', 3000)
    await fallAsleep(sandbox.sandboxId)
    const url = `https://${sandbox.getHost(3000)}/`

    const stranger = await visit()
    expect((await stranger.page.goto(url))?.status()).toBe(403)
    expect(await stranger.page.textContent('h1')).toBe(
      "This sandbox can't be resumed with the credentials provided. Check your access token and try again.",
    )
    await stranger.page.setExtraHTTPHeaders({ 'E2B-Traffic-Access-Token': 'guessed' })
    expect((await stranger.page.goto(url))?.status()).toBe(403)
    expect(await isAsleep(sandbox.sandboxId)).toBe(true)

    const friend = await visit()
    await friend.page.setExtraHTTPHeaders({ 'E2B-Traffic-Access-Token': sandbox.trafficAccessToken ?? '' })
    expect((await friend.page.goto(url))?.status()).toBe(200)
    expect(await friend.page.textContent('h1')).toBe('A preview')
    expect(await isAsleep(sandbox.sandboxId)).toBe(false)
    expect(await friend.page.evaluate(`fetch('/headers').then((answer) => answer.text())`)).not.toContain('token')

    expect((await stranger.page.goto(url))?.status()).toBe(403)
    expect(await stranger.page.textContent('h1')).toContain('Sandbox is secured with traffic access token')
  })
})
