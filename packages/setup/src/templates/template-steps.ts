import { join } from 'node:path'
import { ensureDirectory, writeFileAtomic, type Config } from '@drowse/common'
import { templateDefinitionSchema, type DataFolder, type TemplateDefinition } from '@drowse/node'
import { hasLayer, DISK_SIZE_MB } from '../base/install-base.ts'
import type { SetupContext } from '../context.ts'
import { readJsonFile } from '../host/read-json-file.ts'
import { setupError } from '../setup-error.ts'
import type { Step } from '../steps/step.ts'
import { workspace } from '../workspace.ts'
import { buildLayer } from './build-layer.ts'
import type { TemplateRecipe } from './template-recipe.ts'

/** Steps that make a template's layers side by side and then its `template.json`; before that no sandbox is made from it. */
export function templateSteps(context: SetupContext, recipe: TemplateRecipe): Step[] {
  const { folder, config } = context
  const places = workspace(context.repository)
  return [
    {
      id: 'base',
      title: 'Base template',
      run: async () => {
        if (await hasLayer(folder.layers, recipe.baseLayerId)) return { status: 'kept' }
        throw setupError(`Cannot build template "${recipe.id}": the base template of this clone is not there`, {
          hint: 'Run "sudo ./drowse up" first.',
        })
      },
    },
    ...recipe.layers.map((layer): Step => ({
      id: layer.name,
      title: `Layer ${layer.name}`,
      after: ['base'],
      run: (tools) => buildLayer(folder, places, recipe, layer, tools),
    })),
    {
      id: 'definition',
      title: `Template ${recipe.id}`,
      after: recipe.layers.map(({ name }) => name),
      run: async () => ({ status: (await writeDefinition(folder, definitionOf(recipe, config))) ? 'done' : 'kept' }),
    },
  ]
}

/** Whether the template is there as the recipe has it. */
export async function isTemplateBuilt({ folder, config }: SetupContext, recipe: TemplateRecipe): Promise<boolean> {
  const present = await findDefinition(folder, recipe.id)
  return present !== undefined && isSame(present, definitionOf(recipe, config))
}

/** The template's definition as it is on disk. */
export async function findDefinition(folder: DataFolder, id: string): Promise<TemplateDefinition | undefined> {
  const parsed = templateDefinitionSchema.safeParse(await readJsonFile(join(folder.templates, id, 'template.json')))
  return parsed.success ? parsed.data : undefined
}

/** Writes `template.json` unless it says the same. Resolves with whether it was written. */
export async function writeDefinition(folder: DataFolder, definition: TemplateDefinition): Promise<boolean> {
  const present = await findDefinition(folder, definition.id)
  if (present !== undefined && isSame(present, definition)) return false
  const directory = join(folder.templates, definition.id)
  await ensureDirectory(directory)
  await writeFileAtomic(join(directory, 'template.json'), JSON.stringify(definition, null, 2))
  return true
}

function definitionOf(recipe: TemplateRecipe, config: Config): TemplateDefinition {
  const { id, names, layers, baseLayerId, memoryMb, start } = recipe
  return {
    id,
    names,
    layers: [...layers.map((layer) => layer.id), baseLayerId],
    memoryMb: Math.max(memoryMb, config.memoryMb),
    cpuCount: config.cpuCount,
    diskSizeMb: DISK_SIZE_MB,
    ...(start === undefined ? {} : { start }),
  }
}

function isSame(a: TemplateDefinition, b: TemplateDefinition): boolean {
  // One order of keys, that of the schema.
  const text = (definition: TemplateDefinition): string => JSON.stringify(templateDefinitionSchema.parse(definition))
  return text(a) === text(b)
}
