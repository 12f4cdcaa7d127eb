import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '@drowse/common'
import type { EngineBuild } from '@drowse/engine'
import { z } from 'zod'
import { findJson } from './read-json.ts'

/** Name of the manifest inside an image's folder. */
const FILE = 'image.json'

/** Schema of {@link EngineBuild}. */
export const engineBuildSchema: z.ZodType<EngineBuild> = z.object({
  kind: z.string(),
  build: z.string(),
  cpu: z.string(),
})

/** `image.json` beside the engine's files in an image's folder: what the image is and what makes it whole. */
export const imageManifestSchema = z.object({
  /** Run of the sandbox that the image ends; 0 for a template's warm image. */
  generation: z.int().min(0),
  engine: engineBuildSchema,
  /** Bytes that the engine wrote. */
  bytes: z.number(),
  createdAt: z.iso.datetime(),
  files: z.array(z.object({ name: z.string(), bytes: z.number() })),
})

export type ImageManifest = z.infer<typeof imageManifestSchema>

/** Describes the engine's files in `directory` and writes that beside them, durably. */
export async function writeImageManifest(
  directory: string,
  facts: Omit<ImageManifest, 'files'>,
): Promise<ImageManifest> {
  const manifest = { ...facts, files: await listFiles(directory) }
  await writeFileAtomic(join(directory, FILE), JSON.stringify(manifest, null, 2))
  return manifest
}

/** Reads the manifest in `directory`; `undefined` when the folder has none that can be read, so it is no whole image. */
export async function findImageManifest(directory: string): Promise<ImageManifest | undefined> {
  try {
    return await findJson(join(directory, FILE), imageManifestSchema)
  } catch {
    // A damaged manifest is the same to every caller as a missing one: the image cannot be used.
    return undefined
  }
}

/** Says why the image in `directory` cannot be restored by `engine`, or `undefined` when nothing speaks against it. */
export async function whyImageUnusable(
  directory: string,
  engine: EngineBuild,
  generation: number,
): Promise<string | undefined> {
  const manifest = await findImageManifest(directory)
  if (manifest === undefined) return 'the saved memory is missing or its manifest is damaged'
  if (manifest.generation !== generation) return 'the saved memory is of another run'
  if (!isSameBuild(manifest.engine, engine)) return 'the saved memory was written by another engine build or CPU'
  const found = new Map((await listFiles(directory)).map((file) => [file.name, file.bytes]))
  const damaged = manifest.files.find((file) => found.get(file.name) !== file.bytes)
  return damaged === undefined ? undefined : `the saved memory is damaged: "${damaged.name}" has not its size`
}

/** Whether an image of build `a` restores under build `b`. */
export function isSameBuild(a: EngineBuild, b: EngineBuild): boolean {
  return a.kind === b.kind && a.build === b.build && a.cpu === b.cpu
}

async function listFiles(directory: string): Promise<ImageManifest['files']> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.name !== FILE)
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      return { name: path.slice(directory.length + 1), bytes: (await stat(path)).size }
    }),
  )
}
