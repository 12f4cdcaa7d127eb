import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '@drowse/common'
import type { BootReport, Engine } from '@drowse/engine'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import { templateStartSchema, type TemplateDefinition } from '../assets.ts'
import type { DataFolder } from '../data-folder.ts'
import { findJson } from '../read-json.ts'

/** How much of the last line a reason repeats, in characters. */
const LINE_LENGTH = 300

/** `templates/<id>/boot-failure.json`, written by the node: why no sandbox of the template can start, as two boots in a row showed. */
const bootFailureSchema = z.object({
  /** A sentence for people. */
  reason: z.string(),
  /** Whether it was the guest that failed: it will again. The engine's failure may be the host's, which can pass. */
  isOfGuest: z.boolean(),
  /** The last lines that the boot printed. */
  log: z.array(z.string()),
  failedAt: z.iso.datetime(),
  /** What was booted, and with what; with others it may go well. */
  layers: z.array(z.string()),
  start: templateStartSchema.optional(),
  engine: z.string(),
  guest: z.string(),
})

export type BootFailure = z.infer<typeof bootFailureSchema>

/** The builds that a boot takes place with. */
export interface BootBuilds {
  /** Hash of runsc. */
  engine: string
  /** Hash of the guest runtime. */
  guest: string
}

/** Why sandboxes of the template do not start, if that is known of it as it is. */
export async function findBootFailure(
  folder: DataFolder,
  template: TemplateDefinition,
  builds: BootBuilds,
): Promise<BootFailure | undefined> {
  const failure = await findJson(pathOf(folder, template.id), bootFailureSchema).catch(() => undefined)
  const isOfThis =
    failure !== undefined &&
    failure.engine === builds.engine &&
    failure.guest === builds.guest &&
    failure.layers.join('/') === template.layers.join('/') &&
    JSON.stringify(failure.start) === JSON.stringify(template.start)
  return isOfThis ? failure : undefined
}

/** Keeps why sandboxes of the template do not start. */
export async function noteBootFailure(
  folder: DataFolder,
  template: TemplateDefinition,
  builds: BootBuilds,
  told: ToldFailure & Pick<BootFailure, 'failedAt'>,
): Promise<void> {
  const { id, layers, start } = template
  const failure: BootFailure = { ...told, layers, ...builds, ...(start === undefined ? {} : { start }) }
  await writeFileAtomic(pathOf(folder, id), JSON.stringify(failure, null, 2))
}

/** Forgets it: the template started. */
export async function forgetBootFailure(folder: DataFolder, id: string): Promise<void> {
  await rm(pathOf(folder, id), { force: true })
}

/** What is found out about a boot. */
type ToldFailure = Pick<BootFailure, 'reason' | 'isOfGuest' | 'log'>

/**
 * Looks by a second boot whether it is the template's fault that the first one failed with `error`, and why. `undefined` when that is not so,
 * or not known: the host may have been short of something.
 */
export async function explainBoot(
  boot: () => ReturnType<Engine['watchBoot']>,
  error: unknown,
): Promise<ToldFailure | undefined> {
  const first = DrowseError.from(error)
  if (first.code !== 'engine_failed') return undefined
  if (first.details['isStartHopeless'] === true) return { reason: first.message, isOfGuest: true, log: [] }
  try {
    return describe(await boot())
  } catch (again) {
    const { code, message } = DrowseError.from(again)
    if (code !== 'engine_failed') return undefined
    return { reason: `its sandboxes cannot be booted: ${message}`, isOfGuest: false, log: [] }
  }
}

function describe({ exitStatus, output }: BootReport): ToldFailure | undefined {
  if (exitStatus === undefined) return undefined
  const log = output.split('\n').filter((line) => line.trim() !== '')
  const last = log.at(-1)?.slice(0, LINE_LENGTH)
  const words = last === undefined ? 'it printed nothing' : `its last words were: ${last}`
  const reason = `its guest daemon ended right after the boot, with exit status ${exitStatus}; ${words}`
  return { reason, isOfGuest: true, log }
}

function pathOf(folder: DataFolder, id: string): string {
  return join(folder.templates, id, 'boot-failure.json')
}
