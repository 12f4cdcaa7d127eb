import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { installFolder, removeStaging } from './staging.ts'

describe('installFolder()', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'drowse-staging-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('leaves nothing behind when filling fails', async () => {
    const failing = installFolder(root, 'a', async (staging) => {
      await writeFile(join(staging, 'half'), '')
      throw new Error('disk full')
    })
    await expect(failing).rejects.toThrow('disk full')
    expect(await readdir(root)).toEqual([])
  })

  it('starts afresh over what an interrupted run left', async () => {
    await mkdir(join(root, '.staging-a'))
    await writeFile(join(root, '.staging-a', 'old'), '')
    await installFolder(root, 'a', (staging) => writeFile(join(staging, 'new'), 'x'))
    expect(await readdir(join(root, 'a'))).toEqual(['new'])
    expect(await readFile(join(root, 'a', 'new'), 'utf8')).toBe('x')
  })

  it('removeStaging() removes leftovers and nothing else', async () => {
    await mkdir(join(root, '.staging-b'))
    await mkdir(join(root, 'b'))
    await removeStaging(root)
    expect(await readdir(root)).toEqual(['b'])
  })
})
