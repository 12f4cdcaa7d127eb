import { once } from 'node:events'
import { truncateSync } from 'node:fs'
import { readdir, readlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestGuest, type TestGuest } from '../testing/test-guest.ts'

const MIB = 1024 * 1024

describe('readFile', () => {
  let guest: TestGuest
  let path: string

  beforeEach(async () => {
    guest = await startTestGuest()
    await guest.init()
    path = join(guest.home, 'large')
    await writeFile(path, '')
    truncateSync(path, 8 * MIB)
  })
  afterEach(async () => await guest[Symbol.asyncDispose]())

  /** How many descriptors of this process, where the daemon runs, are of the file. */
  async function openCount(): Promise<number> {
    const names = await readdir('/proc/self/fd')
    const targets = await Promise.all(names.map((name) => readlink(join('/proc/self/fd', name)).catch(() => '')))
    return targets.filter((target) => target === path).length
  }

  it.each([
    ['whole', {}],
    ['as a range', { range: 'bytes=1-' }],
    ['compressed', { 'accept-encoding': 'gzip, identity;q=0' }],
  ])('closes its file after a download %s, finished or cut short 70 times', async (_, headers) => {
    const url = `${guest.url}/files?path=large`
    const whole = await fetch(url, { headers: { 'accept-encoding': 'identity', ...headers } })
    expect((await whole.arrayBuffer()).byteLength).toBeGreaterThanOrEqual(8 * MIB - 1)
    await vi.waitFor(async () => expect(await openCount()).toBe(0))
    for (let round = 0; round < 70; round++) {
      const download = request(url, { headers: { 'accept-encoding': 'identity', ...headers }, agent: false }).end()
      await once(download, 'response')
      download.destroy()
    }
    await vi.waitFor(async () => expect(await openCount()).toBe(0))
    expect(guest.log).toEqual([])
  })
})
