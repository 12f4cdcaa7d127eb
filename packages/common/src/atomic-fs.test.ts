import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { prepareFile, writeFileAtomic } from './atomic-fs.ts'

describe('writeFileAtomic()', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drowse-atomic-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('replaces the content, keeps it root-only and leaves no temporary file', async () => {
    const path = join(directory, 'a.json')
    await writeFileAtomic(path, 'one')
    await writeFileAtomic(path, 'two')
    expect(await readFile(path, 'utf8')).toBe('two')
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(directory)).toEqual(['a.json'])
  })
})

describe('prepareFile()', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drowse-atomic-'))
  })
  afterEach(() => rm(directory, { recursive: true }))

  it('leaves the old content until publish()', async () => {
    const path = join(directory, 'a.json')
    await writeFileAtomic(path, 'one')
    const next = await prepareFile(path, 'two')
    expect(await readFile(path, 'utf8')).toBe('one')
    await next.publish()
    expect(await readFile(path, 'utf8')).toBe('two')
    expect(await readdir(directory)).toEqual(['a.json'])
  })

  it('leaves nothing after discard(), also of two at once', async () => {
    const path = join(directory, 'a.json')
    const [one, two] = await Promise.all([prepareFile(path, 'one'), prepareFile(path, 'two')])
    await one.discard()
    await two.publish()
    await two.discard()
    expect(await readFile(path, 'utf8')).toBe('two')
    expect(await readdir(directory)).toEqual(['a.json'])
  })
})
