import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, inject } from 'vitest'
import { startChromium, type TestBrowser } from './chromium.ts'

/** Longest wait, in ms, for what a page is to show: a wake from disk beside other work on the machine is in it. */
const PATIENCE_MS = 30_000

/** A page of somebody who has not been here before. */
export interface Visit {
  page: Page
  /** What went wrong in the page so far, as its console tells: failed loads and errors of its scripts. */
  errors: string[]
}

/** Starts a browser for the tests of the calling file. Gives what opens a page in a profile of its own, which the end of the test closes. */
export function visits(): () => Promise<Visit> {
  let running: TestBrowser | undefined
  beforeAll(async () => {
    const { data, env } = inject('installation')
    running = await startChromium(join(data, 'tls', 'ca.pem'), Number(env['DROWSE_HTTPS_PORT']))
  })
  afterAll(async () => await running?.[Symbol.asyncDispose]())
  afterEach(async () => {
    for (const context of running?.browser.contexts() ?? []) await context.close()
  })
  return async () => {
    const context = await running!.browser.newContext()
    context.setDefaultTimeout(PATIENCE_MS)
    const page = await context.newPage()
    const errors: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && errors.push(message.text())))
    page.on('pageerror', (error) => void errors.push(String(error)))
    return { page, errors }
  }
}
