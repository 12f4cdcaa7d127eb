import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { templateStartSchema } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import { parsePackageList, readBaseRecipe, SUITE } from '../base/base-recipe.ts'
import type { Workspace } from '../workspace.ts'

/** `templates/<id>/template.json`: what is put over the base template, and what runs in it. */
const recipeSchema = z.strictObject({
  names: z.array(z.string()).min(1),
  /** Least memory of a sandbox, in MiB; the setting wins when it is larger. */
  memoryMb: z.int(),
  /** Made side by side, each over the base's root alone. The first goes on top. */
  layers: z.array(
    z.strictObject({
      name: z.string(),
      /** `debian` are packages by apt, `python` are pinned wheels by pip. */
      kind: z.enum(['debian', 'python']),
      /** File beside this one with a name a line. */
      list: z.string(),
    }),
  ),
  start: templateStartSchema.optional(),
  /** Time for all of it on two cores, in seconds, for the remaining time that people are told. */
  expectedSeconds: z.number(),
})

/** One layer to make. */
export interface LayerRecipe {
  /** The same inputs give the same id, others another. */
  id: string
  name: string
  kind: 'debian' | 'python'
  /** Absolute path of the list. */
  listPath: string
  /** What is in it. */
  packages: readonly string[]
}

/** A template of the clone besides the base. */
export interface TemplateRecipe extends Omit<z.infer<typeof recipeSchema>, 'layers'> {
  id: string
  /** Id of the base's layer, which is below the others. */
  baseLayerId: string
  layers: readonly LayerRecipe[]
}

/** Ids of the templates that the clone can build, besides the base. */
export async function recipeIds(places: Workspace): Promise<string[]> {
  const names = await readdir(places.templates)
  const hasRecipe = (name: string): Promise<boolean> =>
    stat(join(places.templates, name, 'template.json')).then(
      () => true,
      () => false,
    )
  const found = await Promise.all(names.map(async (name) => ((await hasRecipe(name)) ? name : undefined)))
  return found.filter((name) => name !== undefined).toSorted()
}

/** Reads the recipe of a template by its id or one of its names. Throws "not_found" for one that the clone does not have. */
export async function readTemplateRecipe(places: Workspace, name: string): Promise<TemplateRecipe> {
  const ids = await recipeIds(places)
  for (const id of ids) {
    const directory = join(places.templates, id)
    const parsed = recipeSchema.parse(JSON.parse(await readFile(join(directory, 'template.json'), 'utf8')))
    if (id !== name && !parsed.names.includes(name)) continue
    const { layerId: baseLayerId } = await readBaseRecipe(places)
    const layers: LayerRecipe[] = []
    for (const { name: part, kind, list } of parsed.layers) {
      const listPath = join(directory, list)
      const text = await readFile(listPath, 'utf8')
      const script = await readFile(layerScript(places, kind), 'utf8')
      // Debian's packages go on top of those that the base has; wheels need its Python, which is the release's.
      const inputs = [SUITE, kind === 'debian' ? baseLayerId : '', script, text]
      const hash = createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 12)
      layers.push({ id: `${id}-${part}-${hash}`, name: part, kind, listPath, packages: parsePackageList(text) })
    }
    return { ...parsed, id, baseLayerId, layers }
  }
  throw new DrowseError('not_found', `Cannot build template "${name}": this clone has ${ids.join(', ')}`)
}

/** The program that makes layers of a kind. */
export function layerScript(places: Workspace, kind: LayerRecipe['kind']): string {
  return join(places.templates, 'layers', `${kind}.sh`)
}
