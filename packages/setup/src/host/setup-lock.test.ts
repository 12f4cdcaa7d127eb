import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { acquireSetupLock } from './setup-lock.ts'

describe('acquireSetupLock()', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'drowse-lock-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('refuses a second owner until the first is disposed', async () => {
    {
      await using _first = await acquireSetupLock(root)
      await expect(acquireSetupLock(root)).rejects.toThrow(`pid ${process.pid}`)
    }
    await using _second = await acquireSetupLock(root)
  })

  it('takes over from an owner that has ended, and from a torn file', async () => {
    await writeFile(join(root, 'setup.lock'), JSON.stringify({ pid: process.pid, startTime: 1 }))
    {
      await using _mine = await acquireSetupLock(root)
    }
    await writeFile(join(root, 'setup.lock'), '{"pid":')
    await using _mine = await acquireSetupLock(root)
  })
})
