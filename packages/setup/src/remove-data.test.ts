import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataFolder } from '@drowse/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isInstallation, removeData } from './remove-data.ts'

describe('removeData()', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'drowse-data-'))
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  it('deletes an installation and its folder', async () => {
    await mkdir(join(root, 'layers', 'a', 'root'), { recursive: true })
    await mkdir(join(root, 'db'))
    await writeFile(join(root, 'db', 'drowse.sqlite'), '')
    await writeFile(join(root, 'host.json'), '{}')
    expect(isInstallation(dataFolder(root))).toBe(true)
    expect(await removeData(dataFolder(root))).toEqual([])
    expect(existsSync(root)).toBe(false)
  })

  it("leaves other people's files and names them", async () => {
    await mkdir(join(root, 'engine'))
    await writeFile(join(root, 'thesis.txt'), '')
    expect(await removeData(dataFolder(root))).toEqual(['thesis.txt'])
    expect(existsSync(join(root, 'thesis.txt'))).toBe(true)
  })

  it('does not take any folder for an installation', async () => {
    await mkdir(join(root, 'run'))
    expect(isInstallation(dataFolder(root))).toBe(false)
  })
})
