import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readIfThere } from './read-if-there.ts'

it('readIfThere() tells a missing file from one that cannot be read', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drowse-read-'))
  try {
    await writeFile(join(folder, 'here'), 'text')
    expect(await readIfThere(join(folder, 'here'))).toBe('text')
    expect(await readIfThere(join(folder, 'nowhere'))).toBeUndefined()
    await expect(readIfThere(folder)).rejects.toMatchObject({ code: 'EISDIR' })
  } finally {
    await rm(folder, { recursive: true })
  }
})
