import { spawn } from 'node:child_process'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory } from '@drowse/common'
import { templateBuildSchema, type DataFolder } from '@drowse/node'
import type { SetupContext } from '../context.ts'
import { endProcess } from '../host/end-process.ts'
import { readJsonFile } from '../host/read-json-file.ts'
import type { StepOutcome } from '../steps/step.ts'
import { workspace } from '../workspace.ts'
import { BuildRecord } from './build-record.ts'
import { readTemplateRecipe, type TemplateRecipe } from './template-recipe.ts'
import { isTemplateBuilt } from './template-steps.ts'
import { templateStates } from './template-states.ts'

/** Time, in ms, that a build has to end after it was told to. */
const STOP_TIMEOUT_MS = 20_000

/** Path of the log that builds in the background write. */
export function templateLogPath(folder: DataFolder): string {
  return join(folder.logs, 'templates.log')
}

/**
 * Begins to build the templates of the setting `backgroundTemplates` that are missing, in a process of its own of the lowest priority that
 * outlives this one. A build that is under way goes on; one that was interrupted is taken up.
 */
export async function startBackgroundBuilds(context: SetupContext): Promise<StepOutcome> {
  const places = workspace(context.repository)
  const missing: TemplateRecipe[] = []
  for (const name of context.config.backgroundTemplates) {
    const recipe = await readTemplateRecipe(places, name)
    if (!(await isTemplateBuilt(context, recipe))) missing.push(recipe)
  }
  if (missing.length === 0) return { status: 'kept', detail: context.config.backgroundTemplates.join(', ') }
  const ids = missing.map(({ id }) => id)
  const running = (await templateStates(context)).find(({ state }) => state === 'building')
  if (running !== undefined) return { status: 'kept', detail: `${running.id} is being built` }
  const pid = await spawnBuild(context, ids)
  // Also before the new process comes to it: a create must not take the template for unknown.
  for (const recipe of missing) await BuildRecord.begin(context.folder, recipe, pid)
  const minutes = Math.ceil(missing.reduce((sum, { expectedSeconds }) => sum + expectedSeconds, 0) / 60)
  return { status: 'done', detail: `${ids.join(', ')}: about ${minutes} min in the background` }
}

async function spawnBuild(context: SetupContext, ids: string[]): Promise<number> {
  const { folder, config } = context
  const places = workspace(context.repository)
  await ensureDirectory(folder.logs)
  await using log = await open(templateLogPath(folder), 'a', 0o600)
  const program = [places.node, '--conditions=source', '--disable-warning=ExperimentalWarning', places.cliMain]
  const command = [...program, '--data', config.dataDirectory, 'template', 'build', ...ids]
  // Not through exec(): it outlives this process, in a session of its own.
  const child = spawn('nice', ['-n', '19', 'ionice', '-c', '3', ...command], {
    cwd: '/',
    // All of it, unlike a service's: pip and apt read settings of theirs there.
    env: context.env,
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  child.unref()
  return child.pid ?? 0
}

/** Ends every build of the data folder that is under way and waits for its end. What it finished stays. */
export async function stopBuilds(context: SetupContext): Promise<number> {
  const building = (await templateStates(context)).filter(({ state }) => state === 'building')
  const pids = new Map<number, number>()
  for (const { id } of building) {
    const path = join(context.folder.templates, id, 'build.json')
    const parsed = templateBuildSchema.safeParse(await readJsonFile(path))
    if (parsed.success) pids.set(parsed.data.pid, parsed.data.startTime)
  }
  for (const [pid, startTime] of pids) {
    // Its programs end with it, also when it is killed.
    await endProcess(pid, startTime, {
      operation: `end the build ${pid}`,
      termTimeoutMs: STOP_TIMEOUT_MS,
      killTimeoutMs: STOP_TIMEOUT_MS,
    })
  }
  return pids.size
}
