import { readdir } from 'node:fs/promises'
import { findLastBuild, listTemplateBuilds, type TemplateBuildHistory } from '@drowse/node'
import type { SetupContext } from '../context.ts'
import { findTemplateFailure } from '../service/await-warm-image.ts'
import { workspace } from '../workspace.ts'
import { findDefinition } from './template-definition.ts'
import { readTemplateRecipe, recipeIds } from './template-recipe.ts'
import { isTemplateBuilt } from './template-steps.ts'

/** A template as people are told of it. */
export interface TemplateState {
  id: string
  /** `outdated` serves creates until a build of the clone's recipe takes its place; `absent` is known to the clone only. */
  state: 'ready' | 'outdated' | 'building' | 'interrupted' | 'failed' | 'absent'
  /** A few words more; may be empty. */
  detail: string
}

/** Every template of the data folder and of the clone, in order of the ids. */
export async function templateStates(context: SetupContext): Promise<TemplateState[]> {
  const { folder, repository } = context
  const places = workspace(repository)
  const inClone = await recipeIds(places)
  const onDisk = await readdir(folder.templates).catch(() => [])
  const builds = onDisk.length === 0 ? [] : await listTemplateBuilds(folder, Date.now())
  const ids = [...new Set([...inClone, ...onDisk])].toSorted()
  const states: TemplateState[] = []
  for (const id of ids) {
    const build = builds.find((each) => each.id === id)
    const isPresent = (await findDefinition(folder, id)) !== undefined
    const failure =
      isPresent && build === undefined ? await findTemplateFailure(folder, id).catch(() => undefined) : undefined
    if (build !== undefined) {
      const { state, detail, secondsLeft } = build
      const left = state === 'building' ? `about ${Math.ceil(secondsLeft / 60)} min left, ` : ''
      states.push({ id, state, detail: `${left}${detail}` })
    } else if (failure !== undefined) states.push({ id, state: 'failed', detail: failure.reason })
    else if (!inClone.includes(id)) {
      if (isPresent) states.push({ id, state: 'ready', detail: '' })
    } else if (!isPresent) states.push({ id, state: 'absent', detail: '' })
    else {
      const isCurrent = await isTemplateBuilt(context, await readTemplateRecipe(places, id))
      states.push({ id, state: isCurrent ? 'ready' : 'outdated', detail: '' })
    }
  }
  return states
}

/** The last build of a template, however it ended. */
export async function lastTemplateBuild(
  { folder }: SetupContext,
  id: string,
): Promise<TemplateBuildHistory | undefined> {
  return await findLastBuild(folder, id, Date.now())
}

/** A template's state and the words on it. */
export function stateWords({ state, detail }: TemplateState): string {
  return detail === '' ? state : `${state}, ${detail}`
}
