import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { dropToDisk } from '../platform/support/inspect.ts'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { startGuestProgram } from './support/guest-program.ts'
import { fallAsleep, holdAsleep, isAsleep, SLEEPY } from './support/sleep.ts'
import { visits } from './support/visits.ts'

const HOUR_MS = 3_600_000

describe('a preview that slept', () => {
  const keep = killAfterEach()
  const visit = visits()
  const installation = inject('installation')

  async function preview(): Promise<{ sandbox: Sandbox; url: string }> {
    const sandbox = keep(await Sandbox.create(SLEEPY))
    await startGuestProgram(sandbox, 'preview', 3000)
    return { sandbox, url: `https://${sandbox.getHost(3000)}/` }
  }

  it('is there an hour after its time was up: page, WebSocket, event stream, form with a file, large download', async () => {
    const { sandbox, url } = await preview()
    await fallAsleep(sandbox.sandboxId)
    await dropToDisk(installation, sandbox.sandboxId)
    letPass(HOUR_MS, sandbox)

    const { page, errors } = await visit()
    await page.goto(url)
    // On a busy machine by way of the light page, which the console tells of as a load that failed.
    await page.locator('h1', { hasText: 'A preview' }).waitFor()
    errors.splice(0)

    await page.evaluate('preview.openSocket()')
    await page.evaluate('preview.say("hello")')
    await page.locator('#echo', { hasText: /^hello$/ }).waitFor()
    await page.evaluate('preview.tick()')
    await page.locator('#tick', { hasText: /^[3-9]|\d\d/ }).waitFor()
    expect(await page.evaluate('preview.download()')).toEqual({ length: 32 * 1024 * 1024, isWhole: true })

    const buffer = randomBytes(3 * 1024 * 1024)
    await page.fill('[name=title]', 'Grüße')
    await page.setInputFiles('[name=file]', { name: 'data.bin', mimeType: 'application/octet-stream', buffer })
    await page.click('button')
    await page.locator('h1', { hasText: 'Grüße' }).waitFor()
    expect(await page.textContent('p')).toBe(`data.bin ${createHash('sha256').update(buffer).digest('hex')}`)
    expect(errors).toEqual([])
  })

  it('shows a light page while its wake takes long, and comes by itself', async () => {
    const { sandbox, url } = await preview()
    await fallAsleep(sandbox.sandboxId)
    const { page } = await visit()
    const letGo = holdAsleep(installation, sandbox.sandboxId)
    try {
      const answer = await page.goto(url)
      expect(answer?.status()).toBe(503)
      expect(await page.title()).toBe('503 · The sandbox is waking up')
      expect(await page.textContent('h1')).toBe('The sandbox is waking up')
      expect(await page.locator('script, link, img').count()).toBe(0)
      expect((await answer?.body())?.length).toBeLessThan(4096)
      expect(await isAsleep(sandbox.sandboxId)).toBe(true)
    } finally {
      letGo()
    }
    await page.locator('h1', { hasText: 'A preview' }).waitFor()
    expect(page.url()).toBe(url)
  })

  it("closes a page's WebSocket when it falls asleep, sleeps on, and wakes when the page connects again", async () => {
    const { sandbox, url } = await preview()
    const { page, errors } = await visit()
    await page.goto(url)
    await page.evaluate('preview.openSocket()')
    await page.evaluate('preview.say("before")')
    await page.locator('#echo', { hasText: 'before' }).waitFor()

    await fallAsleep(sandbox.sandboxId)
    expect(await page.evaluate('preview.closing')).toEqual({
      code: 1012,
      reason: 'The sandbox was paused',
      wasClean: true,
    })
    expect(await isAsleep(sandbox.sandboxId)).toBe(true)

    await page.evaluate('preview.openSocket()')
    await page.evaluate('preview.say("after")')
    await page.locator('#echo', { hasText: 'after' }).waitFor()
    expect(await isAsleep(sandbox.sandboxId)).toBe(false)
    expect(errors).toEqual([])
  })

  it('is woken by an open page whose event stream connects again, as browsers have it', async () => {
    const { sandbox, url } = await preview()
    const { page } = await visit()
    await page.goto(url)
    await page.evaluate('preview.tick()')
    await page.locator('#tick', { hasText: /^[3-9]|\d\d/ }).waitFor()
    await fallAsleep(sandbox.sandboxId)
    await page.evaluate('document.getElementById("tick").textContent = ""')
    await page.locator('#tick', { hasText: /^[3-9]|\d\d/ }).waitFor()
    expect(await isAsleep(sandbox.sandboxId)).toBe(false)
  })

  it('is woken by a form that is sent from a page opened before', async () => {
    const { sandbox, url } = await preview()
    const { page } = await visit()
    await page.goto(url)
    await page.fill('[name=title]', 'late')
    await page.setInputFiles('[name=file]', { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') })
    await fallAsleep(sandbox.sandboxId)
    await page.click('button')
    await page.locator('h1', { hasText: 'late' }).waitFor()
  })

  /** Puts what is stored of a sandbox that sleeps back in time, which is as if that much had passed since. */
  function letPass(ms: number, { sandboxId }: Sandbox): void {
    using database = disposable(new DatabaseSync(join(installation.data, 'db', 'drowse.sqlite'), { timeout: 5_000 }))
    const columns = ['created_at', 'started_at', 'max_end_at', 'end_at'].map((name) => `${name} = ${name} - ${ms}`)
    const { changes } = database.value
      .prepare(`update sandboxes set ${columns.join(', ')} where id = ? and state = 'paused'`)
      .run(sandboxId)
    expect(changes).toBe(1)
  }
})

function disposable(value: DatabaseSync): Disposable & { value: DatabaseSync } {
  return { value, [Symbol.dispose]: () => value.close() }
}
