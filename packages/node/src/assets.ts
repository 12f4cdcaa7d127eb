import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import type { DataFolder } from './data-folder.ts'

/** `engine/current.json`, written by setup: the runsc build that new sandboxes and images use. */
export const engineAssetSchema = z.object({
  /** Absolute path of the binary. */
  path: z.string(),
  sha256: z.string(),
  /** How it came: `found`, `fetched` or `built`, and from what. */
  source: z.string(),
})

/** `guest/current.json`, written by setup: the guest runtime that new boots use. */
export const guestAssetSchema = z.object({
  /** Absolute path of the folder mounted at `GUEST_MOUNT`. */
  path: z.string(),
  /** Hash of its content; part of a warm image's identity. */
  hash: z.string(),
})

/** `templates/<id>/template.json`, written by setup or a build: what a template is, without its warm image. */
export const templateDefinitionSchema = z.object({
  id: z.string(),
  names: z.array(z.string()),
  /** Ids of layers under `layers/`, topmost first. Each has its files in `root/`. */
  layers: z.array(z.string()).min(1),
  memoryMb: z.number(),
  cpuCount: z.number(),
  diskSizeMb: z.number(),
})

export type EngineAsset = z.infer<typeof engineAssetSchema>
export type GuestAsset = z.infer<typeof guestAssetSchema>
export type TemplateDefinition = z.infer<typeof templateDefinitionSchema>

/** Reads what setup installed. Throws "setup_failed" when `up` has not been run on this data folder. */
export async function readAssets(folder: DataFolder): Promise<{ engine: EngineAsset; guest: GuestAsset }> {
  return {
    engine: engineAssetSchema.parse(await readJson(join(folder.engine, 'current.json'))),
    guest: guestAssetSchema.parse(await readJson(join(folder.guest, 'current.json'))),
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    throw new DrowseError('setup_failed', `Cannot read "${path}": run "drowse up" first`, { cause: error })
  }
}
