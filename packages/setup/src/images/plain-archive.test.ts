import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writePlainArchive } from './plain-archive.ts'

const CONTENT = Buffer.from('as good as an archive')
const { signal } = new AbortController()

describe('writePlainArchive()', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drowse-archive-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it.each([
    ['plain', CONTENT],
    ['gzip', gzipSync(CONTENT)],
    ['zstd', zstdCompressSync(CONTENT)],
  ])('reads %s', async (_, bytes) => {
    const [from, to] = [join(folder, 'from'), join(folder, 'to')]
    await writeFile(from, bytes)
    const expected = await writePlainArchive(from, to, { signal })
    expect(await readFile(to)).toEqual(CONTENT)
    await expect(writePlainArchive(from, to, { signal, expected })).resolves.toBe(expected)
    await expect(writePlainArchive(from, to, { signal, expected: 'f' })).rejects.toThrow('SHA-256')
  })

  it.each([
    ['damaged', gzipSync(CONTENT).subarray(0, 12)],
    ['xz', Buffer.from('fd377a585a0000', 'hex')],
  ])('refuses one that is %s', async (why, bytes) => {
    await writeFile(join(folder, 'from'), bytes)
    await expect(writePlainArchive(join(folder, 'from'), join(folder, 'to'), { signal })).rejects.toThrow(why)
  })
})
