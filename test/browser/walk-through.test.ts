import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'
import { runNode } from '../platform/support/run-node.ts'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { fallAsleep, isAsleep } from './support/sleep.ts'
import { visits } from './support/visits.ts'

const DOCUMENT = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'networking.md'), 'utf8')

describe('"A preview that sleeps" of docs/networking.md', () => {
  const keep = killAfterEach()
  const visit = visits()

  it('goes as it says, and a browser wakes it too', async () => {
    const [, program = ''] = /```js\n(.*?)```/s.exec(DOCUMENT) ?? []
    const url = (await runNode(program)).trim()
    const [id = ''] = /i[a-z0-9]{20}/.exec(url) ?? []
    expect(url).toMatch(/^https:\/\/3000-i[a-z0-9]{20}\.[^/]+\/$/)
    keep({ kill: async () => await Sandbox.kill(id) })
    await fallAsleep(id) // its minute is up

    const [, commands = ''] = /```sh\n(.*?)```/s.exec(DOCUMENT) ?? []
    const lines = commands.trim().split('\n')
    expect(lines).toHaveLength(3)
    for (const line of lines) {
      const [command = '', promised = ''] = line.split(/\s+# /)
      const output = await shell(`url=${url}; ${command}`)
      expect(output.trim().replace(id, '…')).toBe(promised)
    }

    await fallAsleep(id)
    const { page } = await visit()
    await page.goto(url)
    expect(await page.textContent('h1')).toBe('Good morning')
    expect(await isAsleep(id)).toBe(false)
  })
})

/** Runs a line as in a shell that has taken what `drowse env` printed, and nothing else. */
async function shell(line: string): Promise<string> {
  const variables = Object.entries(inject('clientEnv')).map(([name, value]) => `${name}=${value}`)
  return (await exec('env', ['-i', `PATH=${process.env.PATH}`, ...variables, 'bash', '-c', line])).stdout
}
