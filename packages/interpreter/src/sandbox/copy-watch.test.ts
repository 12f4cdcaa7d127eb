import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CopyWatch } from './copy-watch.ts'

it('CopyWatch counts new identities, and neither a file that was replaced by its like nor other times', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drowse-copy-'))
  try {
    const path = join(folder, 'machine-id')
    const watch = new CopyWatch(path)
    expect(watch.count()).toBe(0)
    await writeFile(path, 'one')
    expect(watch.count()).toBe(1)
    await utimes(path, 1, 1)
    expect(watch.count()).toBe(1)
    await rm(path)
    await writeFile(path, 'one')
    expect(watch.count()).toBe(1)
    await writeFile(path, 'two')
    expect([watch.count(), watch.count()]).toEqual([2, 2])
  } finally {
    await rm(folder, { recursive: true })
  }
})
