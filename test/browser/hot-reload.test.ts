import { Sandbox } from 'e2b'
import { describe, expect, it } from 'vitest'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { startGuestProgram } from './support/guest-program.ts'
import { SLEEPY } from './support/sleep.ts'
import { visits } from './support/visits.ts'

describe('a dev server with hot reload', () => {
  const keep = killAfterEach()
  const visit = visits()

  it('goes on after a pause: the open page connects again, which wakes it, and shows the next change', async () => {
    const sandbox = keep(await Sandbox.create(SLEEPY))
    await startGuestProgram(sandbox, 'dev-server', 5173)
    const { page, errors } = await visit()
    await page.goto(`https://${sandbox.getHost(5173)}/`)
    const sees = async (selector: string, text: string): Promise<void> =>
      await page.locator(selector, { hasText: text }).waitFor()
    await sees('#connection', 'connection 1')
    const change = async (text: string): Promise<void> => {
      await sandbox.files.write('/home/user/dev-server/message.txt', text)
      await sees('h1', text)
    }
    await change('second version')
    const run = await page.textContent('#run')
    expect(run).toMatch(/^[0-9a-f-]{36}$/)

    await sandbox.pause()
    await sees('#connection', 'connection 2')
    await change('third version')
    // The same process, in which the change is seen.
    expect(await page.textContent('#run')).toBe(run)
    expect(errors).toEqual([])
  })
})
