import { join } from 'node:path'
import { ensureDirectory, writeFileAtomic } from '@drowse/common'
import { templateDefinitionSchema, type DataFolder, type TemplateDefinition } from '@drowse/node'
import { readJsonFile } from '../host/read-json-file.ts'

/** Disk that a sandbox is said to have, in MiB; the clients' usual number. */
export const DISK_SIZE_MB = 10_240

/** The template's definition as it is on disk. */
export async function findDefinition(folder: DataFolder, id: string): Promise<TemplateDefinition | undefined> {
  const parsed = templateDefinitionSchema.safeParse(await readJsonFile(join(folder.templates, id, 'template.json')))
  return parsed.success ? parsed.data : undefined
}

/** Writes `template.json` unless it says the same. Resolves with whether it was written. */
export async function writeDefinition(folder: DataFolder, definition: TemplateDefinition): Promise<boolean> {
  if (await hasDefinition(folder, definition)) return false
  const directory = join(folder.templates, definition.id)
  await ensureDirectory(directory)
  await writeFileAtomic(join(directory, 'template.json'), JSON.stringify(definition, null, 2))
  return true
}

/** Whether the template's `template.json` says just this. */
export async function hasDefinition(folder: DataFolder, definition: TemplateDefinition): Promise<boolean> {
  const present = await findDefinition(folder, definition.id)
  // One order of keys, that of the schema.
  return JSON.stringify(present) === JSON.stringify(templateDefinitionSchema.parse(definition))
}
