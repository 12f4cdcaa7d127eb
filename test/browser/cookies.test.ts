import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { startGuestProgram } from './support/guest-program.ts'
import { visits } from './support/visits.ts'

describe('two previews in one browser', () => {
  const keep = killAfterEach()
  const visit = visits()

  it('of two ports are two origins, and share no cookie that does not ask for it', async () => {
    const [one, two] = [keep(await Sandbox.create()), keep(await Sandbox.create())]
    await Promise.all([
      startGuestProgram(one, 'preview', 3000),
      startGuestProgram(one, 'preview', 3001),
      startGuestProgram(two, 'preview', 3000),
    ])
    const { page, errors } = await visit()
    const cookiesAt = async (sandbox: Sandbox, port: number): Promise<string> => {
      await page.goto(`https://${sandbox.getHost(port)}/headers`)
      return (JSON.parse(await page.innerText('body')) as { cookie?: string }).cookie ?? ''
    }
    await page.goto(`https://${one.getHost(3000)}/`)
    expect(await cookiesAt(one, 3000)).toBe('visits=1; __Host-own=1')
    expect(await cookiesAt(one, 3001)).toBe('')
    expect(await cookiesAt(two, 3000)).toBe('')

    await page.goto(`https://${one.getHost(3001)}/`)
    const otherPort = `https://${one.getHost(3000)}/`
    await expect(page.evaluate(`fetch('${otherPort}')`)).rejects.toThrow('Failed to fetch')
    expect(errors.splice(0)).toEqual([expect.stringContaining('CORS'), expect.stringContaining('ERR_FAILED')])
  })

  // A domain that is not on the public suffix list is one site to browsers.
  it('of two sandboxes are of one site: a cookie for the domain reaches both, and cannot take the place of a __Host- one', async () => {
    const [one, two] = [keep(await Sandbox.create()), keep(await Sandbox.create())]
    await Promise.all([startGuestProgram(one, 'preview', 3000), startGuestProgram(two, 'preview', 3000)])
    const domain = (inject('clientEnv')['E2B_DOMAIN'] ?? '').replace(/:\d+$/, '')
    const { page } = await visit()
    await page.goto(`https://${two.getHost(3000)}/`)
    await page.goto(`https://${one.getHost(3000)}/`)
    for (const cookie of ['tossed=1', '__Host-own=tossed']) {
      await page.evaluate(`document.cookie = '${cookie}; Secure; Path=/; Domain=${domain}'`)
    }
    await page.goto(`https://${two.getHost(3000)}/headers`)
    const { cookie } = JSON.parse(await page.innerText('body')) as { cookie: string }
    expect(cookie.split('; ').sort()).toEqual(['__Host-own=1', 'tossed=1', 'visits=1'])
  })
})
