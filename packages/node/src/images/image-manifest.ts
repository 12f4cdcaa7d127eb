import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '@drowse/common'
import type { EngineBuild } from '@drowse/engine'
import { z } from 'zod'
import { findJson } from '../read-json.ts'

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
  files: z.array(
    z.object({
      name: z.string(),
      bytes: z.number(),
      /** When it was last written, in ms since the epoch; another time means that its content has to be looked at. */
      modifiedMs: z.number().optional(),
      /** Of its content, as hex; absent until it is known, which takes a while after the pause. */
      sha256: z.string().optional(),
    }),
  ),
  /** The daemon did not answer before the pause; absent for no. */
  wasGuestSilent: z.boolean().optional(),
  /** Why it must not be restored, as found while it rested. */
  damage: z.string().optional(),
})

export type ImageManifest = z.infer<typeof imageManifestSchema>

/** Describes the engine's files in `directory` and writes that beside them, durably. */
export async function writeImageManifest(
  directory: string,
  facts: Omit<ImageManifest, 'files' | 'damage'>,
): Promise<ImageManifest> {
  return rewriteImageManifest(directory, { ...facts, files: await listImageFiles(directory) })
}

/** Replaces the manifest in `directory`, durably. */
export async function rewriteImageManifest(directory: string, manifest: ImageManifest): Promise<ImageManifest> {
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

/** Whether an image of build `a` restores under build `b`. */
export function isSameBuild(a: EngineBuild, b: EngineBuild): boolean {
  return a.kind === b.kind && a.build === b.build && a.cpu === b.cpu
}

/** Lists the engine's files in `directory`, as a manifest has them before they are hashed. */
export async function listImageFiles(directory: string): Promise<ImageManifest['files']> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.name !== FILE)
  return Promise.all(
    files.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const { size, mtimeMs } = await stat(path)
      return { name: path.slice(directory.length + 1), bytes: size, modifiedMs: mtimeMs }
    }),
  )
}
