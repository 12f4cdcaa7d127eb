import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { chromium, type Browser } from 'playwright-core'
import { makeOwnNetwork } from './own-network.ts'

/** As Debian's package puts it; `drowse test` installs it. */
const EXECUTABLE = '/usr/bin/chromium'

/** Switches that keep the browser at its page: it looks up no name but those of this machine. */
const ARGUMENTS = [
  '--no-sandbox', // as root there is none
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE *.localhost',
]

/** A browser that runs, with a home and a network of its own. */
export interface TestBrowser extends AsyncDisposable {
  browser: Browser
}

/**
 * Starts Chromium with an empty profile. It trusts the certificate authority in the file `authority` besides its own, and reaches one port of
 * this machine's loopback and nothing else.
 */
export async function startChromium(authority: string, port: number): Promise<TestBrowser> {
  await using stack = new AsyncDisposableStack()
  const home = await mkdtemp(join(tmpdir(), 'drowse-browser-'))
  stack.defer(async () => await rm(home, { recursive: true }))
  await trust(home, authority)
  const network = stack.use(await makeOwnNetwork(home, port))
  const starter = join(home, 'chromium')
  await writeFile(starter, `#!/bin/sh\nexec ${network.enter.join(' ')} ${EXECUTABLE} "$@"\n`, { mode: 0o700 })
  const browser = await chromium.launch({
    executablePath: starter,
    args: ARGUMENTS,
    env: { HOME: home, PATH: process.env.PATH ?? '' },
  })
  stack.defer(async () => await browser.close())
  const parts = stack.move()
  return { browser, [Symbol.asyncDispose]: async () => await parts[Symbol.asyncDispose]() }
}

/** Puts an authority into the database of certificates that Chromium reads on Linux. */
async function trust(home: string, authority: string): Promise<void> {
  const database = join(home, '.pki', 'nssdb')
  await mkdir(database, { recursive: true })
  const certutil = async (...args: string[]): Promise<unknown> =>
    await exec('certutil', ['-d', `sql:${database}`, ...args])
  await certutil('-N', '--empty-password')
  await certutil('-A', '-t', 'C,,', '-n', 'Drowse', '-i', authority)
}
