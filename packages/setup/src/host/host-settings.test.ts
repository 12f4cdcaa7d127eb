import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dataFolder } from '@drowse/node'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  applyHostSettings,
  chosenValue,
  restoreHostSettings,
  type HostSetting,
  type HostSettingsOptions,
} from './host-settings.ts'

describe('chosenValue()', () => {
  it('takes the word in brackets of a choice and the text of a plain value', () => {
    expect(chosenValue('always within_size advise [never] deny force\n')).toBe('never')
    expect(chosenValue('1\n')).toBe('1')
  })
})

describe('applyHostSettings() and restoreHostSettings()', () => {
  let root: string
  let setting: HostSetting
  let options: HostSettingsOptions
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'drowse-host-'))
    setting = { name: 'forwarding', path: join(root, 'ip_forward'), value: '1', accepted: ['1'], isOptional: false }
    options = { settings: [setting], sharedDirectory: join(root, 'run') }
    await writeFile(setting.path, '0\n')
  })
  afterEach(() => rm(root, { recursive: true }))

  it('keep the first old value over a second run, and put it back', async () => {
    const folder = dataFolder(root)
    expect(await applyHostSettings(folder, options)).toEqual(['forwarding'])
    expect(await applyHostSettings(folder, options)).toEqual([])
    expect(await readFile(setting.path, 'utf8')).toBe('1')
    expect(await restoreHostSettings(folder, options)).toEqual([setting.path])
    expect(await readFile(setting.path, 'utf8')).toBe('0')
  })

  it('leave a value alone that someone else has changed since', async () => {
    const folder = dataFolder(root)
    await applyHostSettings(folder, options)
    await writeFile(setting.path, '2')
    expect(await restoreHostSettings(folder, options)).toEqual([])
    expect(await readFile(setting.path, 'utf8')).toBe('2')
  })

  it('record nothing for a value that serves already', async () => {
    const folder = dataFolder(root)
    await writeFile(setting.path, '1')
    await applyHostSettings(folder, options)
    await writeFile(setting.path, '1')
    expect(await restoreHostSettings(folder, options)).toEqual([])
  })

  it('put a value back with the last of two installations, whichever that is', async () => {
    const [first, second] = [dataFolder(join(root, 'first')), dataFolder(join(root, 'second'))]
    await mkdir(first.root)
    await mkdir(second.root)
    expect(await applyHostSettings(first, options)).toEqual(['forwarding'])
    expect(await applyHostSettings(second, options)).toEqual([])
    expect(await restoreHostSettings(first, options)).toEqual([])
    expect(await readFile(setting.path, 'utf8')).toBe('1')
    expect(await restoreHostSettings(second, options)).toEqual([setting.path])
    expect(await readFile(setting.path, 'utf8')).toBe('0')
  })

  it('do not wait for an installation whose folder was deleted', async () => {
    const [first, second] = [dataFolder(join(root, 'first')), dataFolder(join(root, 'second'))]
    await mkdir(first.root)
    await mkdir(second.root)
    await applyHostSettings(first, options)
    await applyHostSettings(second, options)
    await rm(first.root, { recursive: true })
    expect(await restoreHostSettings(second, options)).toEqual([setting.path])
  })

  it('take turns', async () => {
    const folders = ['a', 'b', 'c', 'd'].map((name) => dataFolder(join(root, name)))
    for (const { root: data } of folders) await mkdir(data)
    await Promise.all(folders.map((folder) => applyHostSettings(folder, options)))
    await Promise.all(folders.map((folder) => restoreHostSettings(folder, options)))
    expect(await readFile(setting.path, 'utf8')).toBe('0')
    expect(existsSync(options.sharedDirectory!)).toBe(false)
  })
})
