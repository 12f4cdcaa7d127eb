import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { discardImage, sealImage, verifyImage } from './image.ts'

describe('image', () => {
  let directory: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drowse-image-'))
    await writeFile(join(directory, 'pages.img'), 'x'.repeat(100))
    await writeFile(join(directory, 'checkpoint.img'), 'y')
  })

  afterEach(async () => {
    await rm(directory, { recursive: true })
  })

  test('sealImage says the size of what runsc wrote and makes an image that verifies', async () => {
    expect(await sealImage(directory)).toBe(101)
    await expect(verifyImage(directory)).resolves.toBeUndefined()
  })

  test.each([
    ['a short file', async () => await truncate(join(directory, 'pages.img'), 99)],
    ['a missing file', async () => await rm(join(directory, 'checkpoint.img'))],
    ['a missing index', async () => await rm(join(directory, 'index.json'))],
  ])('verifyImage refuses %s', async (_, damage) => {
    await sealImage(directory)
    await damage()
    await expect(verifyImage(directory)).rejects.toMatchObject({ code: 'engine_failed', isRetryable: false })
  })

  test('discardImage leaves nothing', async () => {
    await discardImage(directory)
    expect(await readdir(directory)).toEqual([])
  })
})
