import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { startGuestProgram } from './support/guest-program.ts'
import { fallAsleep, isAsleep, SLEEPY } from './support/sleep.ts'
import { visits, type Visit } from './support/visits.ts'

describe('a browser', () => {
  const keep = killAfterEach()
  const visit = visits()

  /** Opens an address and gives what a person sees of the answer. */
  async function read({ page }: Visit, host: string): Promise<{ status: number | undefined; text: string }> {
    const answer = await page.goto(`https://${host}/`)
    return { status: answer?.status(), text: await page.innerText('body') }
  }

  it('is told of a sandbox that does not exist, and of one that was killed', async () => {
    const sandbox = keep(await Sandbox.create())
    const host = sandbox.getHost(3000)
    const unknown = 'iaaaaaaaaaaaaaaaaaaaa'
    await sandbox.kill()
    for (const [id, name] of [
      [unknown, host.replace(sandbox.sandboxId, unknown)],
      [sandbox.sandboxId, host],
    ] as const) {
      const { status, text } = await read(await visit(), name)
      expect(status).toBe(502)
      expect(text).toMatch(new RegExp(`^The sandbox was not found\\s+Sandbox\\s+${id}\\s+Code\\s+502$`))
    }
  })

  it('is told that nothing listens on a port, also when that woke the sandbox; a script gets JSON', async () => {
    const sandbox = keep(await Sandbox.create(SLEEPY))
    await startGuestProgram(sandbox, 'preview', 3000)
    await fallAsleep(sandbox.sandboxId)
    const { page, errors } = await visit()
    const { status, text } = await read({ page, errors }, sandbox.getHost(4000))
    expect(status).toBe(502)
    expect(text).toMatch(/^The sandbox is running but port is not open\s+Sandbox\s+i\w+\s+Port\s+4000\s+Code\s+502$/)
    expect(await isAsleep(sandbox.sandboxId)).toBe(false)

    await page.goto(`https://${sandbox.getHost(3000)}/`)
    const answer = `fetch('https://${sandbox.getHost(4000)}/').then(async (it) => [it.status, await it.json()])`
    expect(await page.evaluate(answer)).toEqual([
      502,
      {
        sandboxId: sandbox.sandboxId,
        message: 'The sandbox is running but port is not open',
        port: 4000,
        code: 502,
      },
    ])
  })

  it('that runs the page of a sandbox lets it ask the API, which does not know it without a key', async () => {
    const sandbox = keep(await Sandbox.create())
    await startGuestProgram(sandbox, 'preview', 3000)
    const { page } = await visit()
    await page.goto(`https://${sandbox.getHost(3000)}/`)
    const api = `https://api.${inject('clientEnv')['E2B_DOMAIN']}`
    for (const path of ['/v2/sandboxes', `/sandboxes/${sandbox.sandboxId}`]) {
      const asked = `fetch('${api}${path}', { credentials: 'include' }).then((it) => it.status, () => 'no answer')`
      expect(await page.evaluate(asked)).toBe('no answer') // no page may send cookies along
      expect(await page.evaluate(asked.replace(", { credentials: 'include' }", ''))).toBe(401)
    }
  })
})
