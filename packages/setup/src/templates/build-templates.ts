import type { SetupContext } from '../context.ts'
import { acquireLock } from '../host/setup-lock.ts'
import { removeStaging } from '../host/staging.ts'
import { awaitWarmImage } from '../service/await-warm-image.ts'
import { findRunningService } from '../service/service-record.ts'
import { runSteps, type RunStepsOptions } from '../steps/run-steps.ts'
import type { Step } from '../steps/step.ts'
import { workspace } from '../workspace.ts'
import { BuildRecord, type BuiltTemplate } from './build-record.ts'
import { readTemplateRecipe, type TemplateRecipe } from './template-recipe.ts'
import { templateSteps } from './template-steps.ts'

/** Name of the lock that keeps builds apart; a setup may go on beside one. */
export const BUILD_LOCK = 'template-build.lock'
/** Tells the service to look for templates without a warm image; one that does not know it ignores it. */
const LOOK_SIGNAL = 'SIGURG'

/**
 * Builds templates one after the other and has the running service, if there is one, make their warm images. What earlier runs finished is
 * kept. One process builds at a time: throws "setup_failed" with the pid of another, and "not_found" for an unknown name.
 */
export async function buildTemplates(
  context: SetupContext,
  names: readonly string[],
  options: RunStepsOptions,
): Promise<void> {
  const places = workspace(context.repository)
  const recipes: TemplateRecipe[] = []
  for (const name of names) recipes.push(await readTemplateRecipe(places, name))
  await using _lock = await acquireLock(context.folder.root, BUILD_LOCK)
  await removeStaging(context.folder.layers, 'templates')
  for (const recipe of recipes) await buildOne(context, recipe, options)
}

async function buildOne(context: SetupContext, recipe: TemplateRecipe, options: RunStepsOptions): Promise<void> {
  await recordBuild(context, recipe, options, async (recorded) => {
    await runSteps([...templateSteps(context, recipe), warmStep(context, recipe.id)], recorded)
  })
}

/** Does the work of a build under a record of it. */
export async function recordBuild(
  context: SetupContext,
  template: BuiltTemplate,
  options: RunStepsOptions,
  work: (options: RunStepsOptions) => Promise<void>,
): Promise<void> {
  const record = await BuildRecord.begin(context.folder, template, process.pid)
  const onEvent: RunStepsOptions['onEvent'] = (event) => {
    record.note(event)
    options.onEvent(event)
  }
  try {
    await work({ ...options, onEvent })
  } catch (error) {
    // What an interrupted build leaves says so by itself: its process is gone.
    if (!options.signal.aborted) await record.fail(error)
    throw error
  }
  await record.succeed()
}

/** Has the running service make the warm image of a template that has come or changed. */
export function warmStep({ folder }: SetupContext, id: string): Step {
  return {
    id: 'warm',
    title: 'Warm image',
    after: ['definition'],
    run: async (tools) => {
      const service = await findRunningService(folder)
      if (service === undefined) return { status: 'kept', detail: 'the service makes it when it starts' }
      process.kill(service.pid, LOOK_SIGNAL)
      return await awaitWarmImage(folder, tools, id)
    },
  }
}
