import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, SandboxLimits } from '@drowse/engine'
import { DrowseError } from '@drowse/protocol'
import { templateDefinitionSchema, type GuestAsset, type TemplateDefinition } from '../assets.ts'
import type { DataFolder } from '../data-folder.ts'
import { pathExists } from '../disk.ts'
import { checkImage } from '../images/check-image.ts'
import { findJson } from '../read-json.ts'
import { layerRoot } from '../sandbox-folder.ts'
import { isWarmFor, warmManifestSchema, type WarmManifest } from './warm-manifest.ts'

/** Shape of a template's id; it names a folder. */
const ID = /^[a-z0-9][a-z0-9._-]*$/i

/** A template's warm image that restores here. */
export interface WarmImage extends WarmManifest {
  /** Folder of the image. */
  image: string
  /** Memory that it holds. */
  bytes: number
}

/** What decides which warm images fit. */
interface WarmContext {
  folder: DataFolder
  engine: Engine
  guest: GuestAsset
}

/** Where each thing of one template lives. */
export interface TemplateFolder {
  root: string
  definition: string
  /** The warm image: `warm.json` and `image/`. */
  warm: string
  nextWarm: string
  /** Sandbox folder of the boot that makes the warm image. */
  scratch: string
}

/** The layout of the folder of template `id`. */
export function templateFolder(folder: DataFolder, id: string): TemplateFolder {
  const root = join(folder.templates, id)
  return {
    root,
    definition: join(root, 'template.json'),
    warm: join(root, 'warm'),
    nextWarm: join(root, 'warm.next'),
    scratch: join(root, 'scratch'),
  }
}

/** Whether it may name a template; nothing else gets near a path. */
export function isTemplateId(id: string): boolean {
  return ID.test(id)
}

/** Ids of every folder under `templates/`, in order. */
export async function listTemplateIds(folder: DataFolder): Promise<string[]> {
  return (await readdir(folder.templates)).filter((name) => ID.test(name)).toSorted()
}

/** Reads every template of the node, in order of their ids. One that cannot be read is left out; {@link getTemplate} says what is wrong with it. */
export async function listTemplates(folder: DataFolder): Promise<TemplateDefinition[]> {
  const ids = await listTemplateIds(folder)
  const read = async (id: string): Promise<TemplateDefinition | undefined> =>
    findJson(templateFolder(folder, id).definition, templateDefinitionSchema).catch(() => undefined)
  const found = await Promise.all(ids.map(read))
  return found.filter((template) => template !== undefined)
}

/** Reads one template. Throws "not_found" when the node has none of that id. */
export async function getTemplate(folder: DataFolder, id: string): Promise<TemplateDefinition> {
  const template = ID.test(id)
    ? await findJson(templateFolder(folder, id).definition, templateDefinitionSchema)
    : undefined
  if (template !== undefined) return template
  throw new DrowseError('not_found', `Cannot find template "${id}": it is not on this node`)
}

/** What a template has a warm image of, when that fits `limits` and this host; whether it is whole is for {@link findWarmImage}. */
export async function findWarmManifest(
  context: WarmContext,
  template: TemplateDefinition,
  limits: SandboxLimits,
): Promise<WarmManifest | undefined> {
  const { warm } = templateFolder(context.folder, template.id)
  // A damaged warm.json is as good as none: the image is made again.
  const manifest = await findJson(join(warm, 'warm.json'), warmManifestSchema).catch(() => undefined)
  if (manifest === undefined) return undefined
  const wanted = { engine: context.engine.build, guest: context.guest, limits }
  return isWarmFor(manifest, template, wanted) ? manifest : undefined
}

/** The warm image from which a sandbox of `template` with `limits` starts, when the template has one that fits and is whole. */
export async function findWarmImage(
  context: WarmContext,
  template: TemplateDefinition,
  limits: SandboxLimits,
): Promise<WarmImage | undefined> {
  const manifest = await findWarmManifest(context, template, limits)
  if (manifest === undefined || !(await pathExists(layerRoot(context.folder, manifest.layer)))) return undefined
  const image = join(templateFolder(context.folder, template.id).warm, 'image')
  const checked = await checkImage(image, context.engine.build, 0)
  return checked.reason === undefined ? { ...manifest, image, bytes: checked.manifest.bytes } : undefined
}
