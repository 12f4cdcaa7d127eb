import type { Config } from '@drowse/common'
import type { TemplateDefinition } from '@drowse/node'
import type { SetupContext } from '../context.ts'
import type { Step } from '../steps/step.ts'
import { workspace } from '../workspace.ts'
import { buildLayer } from './build-layer.ts'
import { requireBaseLayer } from './layer.ts'
import { DISK_SIZE_MB, hasDefinition, writeDefinition } from './template-definition.ts'
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
        await requireBaseLayer(folder.layers, recipe.baseLayerId, `build template "${recipe.id}"`)
        return { status: 'kept' }
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
  return await hasDefinition(folder, definitionOf(recipe, config))
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
