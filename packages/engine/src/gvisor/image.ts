import { chmod, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncPath } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'

/** Lists the image's files and their sizes; a part of an image has none. */
const INDEX_FILE = 'index.json'
const indexSchema = z.object({ files: z.record(z.string(), z.number()) })

/**
 * Finishes an image that runsc wrote: files readable by root only, an index of their sizes, all of it on disk.
 * Returns its size in bytes, without the index.
 */
export async function sealImage(imageDirectory: string): Promise<number> {
  const files: Record<string, number> = {}
  for (const name of await readdir(imageDirectory)) {
    const path = join(imageDirectory, name)
    await chmod(path, 0o600)
    files[name] = (await stat(path)).size
  }
  await writeFile(join(imageDirectory, INDEX_FILE), JSON.stringify({ files }), { mode: 0o600 })
  // All at once, so that the file system can put them into one commit. A crash in between leaves an image that its
  // writer has not vouched for.
  const paths = [...Object.keys(files), INDEX_FILE].map((name) => join(imageDirectory, name))
  await Promise.all([...paths, imageDirectory].map(syncPath))
  return Object.values(files).reduce((sum, size) => sum + size, 0)
}

/**
 * Empties and removes what a failed checkpoint wrote. The Sentry keeps the files open as long as it lives: only emptying
 * them gives their space back.
 */
export async function discardImage(imageDirectory: string): Promise<void> {
  for (const name of await readdir(imageDirectory)) {
    const path = join(imageDirectory, name)
    await truncate(path)
    await rm(path)
  }
}

/**
 * Checks that an image is whole, by the sizes of its files. Throws "engine_failed" when it is not.
 * runsc notices a short file only once the sandbox runs already; changed bytes inside one are not noticed here.
 */
export async function verifyImage(imageDirectory: string): Promise<void> {
  const files = await readIndex(imageDirectory)
  for (const [name, size] of Object.entries(files)) {
    const found = await sizeOf(join(imageDirectory, name))
    if (found !== size) {
      throw new DrowseError(
        'engine_failed',
        `Cannot use image "${imageDirectory}": ${name} has ${found ?? 'no'} of its ${size} bytes`,
        { isRetryable: false },
      )
    }
  }
}

async function readIndex(imageDirectory: string): Promise<Record<string, number>> {
  try {
    return indexSchema.parse(JSON.parse(await readFile(join(imageDirectory, INDEX_FILE), 'utf8'))).files
  } catch (error) {
    throw new DrowseError('engine_failed', `Cannot use image "${imageDirectory}": it is incomplete`, {
      cause: error,
      isRetryable: false,
    })
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size
  } catch {
    return undefined
  }
}
