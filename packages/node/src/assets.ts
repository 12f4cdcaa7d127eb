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

const commandSchema = z.object({ cmd: z.string(), args: z.array(z.string()) })

/** What runs in each sandbox of a template from its boot on, and how to see that it is ready; goes to the daemon as it is. */
export const templateStartSchema = z.object({
  ...commandSchema.shape,
  user: z.string().optional(),
  ready: z.union([z.object({ port: z.int(), path: z.string() }), commandSchema]).optional(),
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
  /** Absent: a sandbox is ready when its daemon answers. */
  start: templateStartSchema.optional(),
})

/** One line of a build's log. */
const buildLogEntrySchema = z.object({
  timestamp: z.iso.datetime(),
  level: z.enum(['info', 'error']),
  message: z.string(),
  /** Title of the step that said it. */
  step: z.string().optional(),
})

/** `templates/<id>/build.json`, written by setup: the build of a template that is under way, or the last one. */
export const templateBuildSchema = z.object({
  buildId: z.string().default(''),
  id: z.string(),
  names: z.array(z.string()),
  /** The building process; it is the same one only with the same start time. */
  pid: z.int(),
  startTime: z.number(),
  startedAt: z.iso.datetime(),
  /** How long the whole build is expected to take, in seconds. */
  expectedSeconds: z.number(),
  /** What it does at the moment, for people. */
  detail: z.string(),
  /** Why it failed, and in which step; absent while it is under way and when it went well. */
  error: z.string().optional(),
  failedStep: z.string().optional(),
  /** Absent while it is under way. */
  endedAt: z.iso.datetime().optional(),
  /** What it has done, the last entries only. */
  log: z.array(buildLogEntrySchema).default([]),
})

export type EngineAsset = z.infer<typeof engineAssetSchema>
export type GuestAsset = z.infer<typeof guestAssetSchema>
export type TemplateBuild = z.infer<typeof templateBuildSchema>
export type TemplateBuildLogEntry = z.infer<typeof buildLogEntrySchema>
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
