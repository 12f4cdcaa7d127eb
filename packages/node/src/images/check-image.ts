import { join } from 'node:path'
import type { EngineBuild } from '@drowse/engine'
import { hashFiles, hashSmallFile } from './hash-files.ts'
import { findImageManifest, isSameBuild, listImageFiles, type ImageManifest } from './image-manifest.ts'

/** Files up to this size, in bytes, are hashed at every wake: the kernel's state and the index of the pages, in about a millisecond. */
const SMALL_BYTES = 2 * 1024 * 1024

type ImageFile = ImageManifest['files'][number]

/** An image that may be restored, or why not. */
export type CheckedImage = { reason?: undefined; manifest: ImageManifest } | { reason: string }

/**
 * Says whether the image in `directory` can be restored by `engine`. Sizes are always compared, the content of small files too; a large
 * file is read only when its time says that it was written since, as a second a GiB would be most of a wake. `verify` is for the rest.
 */
export async function checkImage(directory: string, engine: EngineBuild, generation: number): Promise<CheckedImage> {
  const manifest = await findImageManifest(directory)
  if (manifest === undefined) return { reason: 'the saved memory is missing or its manifest is damaged' }
  if (manifest.generation !== generation) return { reason: 'the saved memory is of another run' }
  if (!isSameBuild(manifest.engine, engine)) {
    return { reason: 'the saved memory was written by another engine build or CPU' }
  }
  if (manifest.damage !== undefined) return { reason: manifest.damage }
  const found = new Map((await listImageFiles(directory)).map((file) => [file.name, file]))
  for (const file of manifest.files) {
    const reason = await whyDamaged(directory, file, found.get(file.name))
    if (reason !== undefined) return { reason: `the saved memory is damaged: "${file.name}" ${reason}` }
  }
  return { manifest }
}

async function whyDamaged(
  directory: string,
  wanted: ImageFile,
  found: ImageFile | undefined,
): Promise<string | undefined> {
  if (found === undefined) return 'is missing'
  if (found.bytes !== wanted.bytes) return 'has not its size'
  const isUntouched = wanted.modifiedMs === undefined || wanted.modifiedMs === found.modifiedMs
  if (wanted.sha256 === undefined) return isUntouched ? undefined : 'was written after the pause'
  if (wanted.bytes <= SMALL_BYTES) {
    return (await hashSmallFile(join(directory, wanted.name))) === wanted.sha256 ? undefined : 'has not its content'
  }
  if (isUntouched) return undefined
  const [hash] = await hashFiles(directory, [wanted.name])
  return hash === wanted.sha256 ? undefined : 'has not its content'
}
