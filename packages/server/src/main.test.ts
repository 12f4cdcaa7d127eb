import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'

test('main ends with status 1 and a sentence when nothing was set up', { timeout: 60_000 }, async () => {
  const data = await mkdtemp(join(tmpdir(), 'drowse-main-'))
  try {
    const main = join(import.meta.dirname, 'main.ts')
    const child = spawn(process.execPath, ['--conditions=source', main, '--data', data], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const output = text(child.stdout)
    const status = await new Promise((resolve) => child.once('exit', resolve))
    expect(status).toBe(1)
    expect(JSON.parse((await output).trim())).toMatchObject({
      code: 'setup_failed',
      msg: expect.stringContaining('run "drowse up" first'),
    })
  } finally {
    await rm(data, { recursive: true })
  }
})
