import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataFolder } from '@drowse/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { applyHostSettings, chosenValue, restoreHostSettings, type HostSetting } from './host-settings.ts'

describe('chosenValue()', () => {
  it('takes the word in brackets of a choice and the text of a plain value', () => {
    expect(chosenValue('always within_size advise [never] deny force\n')).toBe('never')
    expect(chosenValue('1\n')).toBe('1')
  })
})

describe('applyHostSettings() and restoreHostSettings()', () => {
  let root: string
  let setting: HostSetting
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'drowse-host-'))
    setting = { name: 'forwarding', path: join(root, 'ip_forward'), value: '1', accepted: ['1'], isOptional: false }
    await writeFile(setting.path, '0\n')
  })
  afterEach(() => rm(root, { recursive: true }))

  it('keep the first old value over a second run, and put it back', async () => {
    const folder = dataFolder(root)
    expect(await applyHostSettings(folder, [setting])).toEqual(['forwarding'])
    expect(await applyHostSettings(folder, [setting])).toEqual([])
    expect(await readFile(setting.path, 'utf8')).toBe('1')
    expect(await restoreHostSettings(folder)).toEqual([setting.path])
    expect(await readFile(setting.path, 'utf8')).toBe('0')
  })

  it('leave a value alone that someone else has changed since', async () => {
    const folder = dataFolder(root)
    await applyHostSettings(folder, [setting])
    await writeFile(setting.path, '2')
    expect(await restoreHostSettings(folder)).toEqual([])
    expect(await readFile(setting.path, 'utf8')).toBe('2')
  })

  it('record nothing for a value that serves already', async () => {
    const folder = dataFolder(root)
    await writeFile(setting.path, '1')
    await applyHostSettings(folder, [setting])
    await writeFile(setting.path, '1')
    expect(await restoreHostSettings(folder)).toEqual([])
  })
})
