import { DrowseError, type SandboxId } from '@drowse/protocol'
import type { NodeCreateRequest } from '../node-client.ts'
import { beginSteps, specOf, startUp, type NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import type { StepLog } from '../step-log.ts'
import { findWarmImage, getTemplate, type WarmImage } from '../templates/template-store.ts'
import { LEAST_MEMORY_BYTES } from './memory-need.ts'
import { egressPart, makeSandboxFolder, newManifest } from './new-sandbox.ts'
import { removeSandbox } from './remove-sandbox.ts'
import { beginRun, type RunStart } from './run-start.ts'
import { whileAlive } from './while-alive.ts'

/**
 * Makes a sandbox. One that waits in the pool under the id is thawed; any other gets slot and manifest first, then the engine's part, by the
 * template's warm image when there is one that fits. On failure, or when `signal` says that it was killed, nothing of it stays.
 */
export async function createSandbox(
  context: NodeContext,
  request: NodeCreateRequest,
  signal: AbortSignal,
): Promise<void> {
  const { id } = request
  await context.background.settled(id)
  if (isThereAlready(context, id)) return
  const pooled = context.shelf.find(id)
  if (pooled !== undefined && (await createFromPool(context, request, pooled, signal))) return
  const template = await getTemplate(context.folder, request.templateId)
  const warm = await findWarmImage(context, template, request.limits)
  const needBytes = Math.max(LEAST_MEMORY_BYTES, warm?.bytes ?? 0)
  const steps = beginSteps(context, 'create', id)
  const work = async (): Promise<void> => {
    const manifest = newManifest(context, { id, template, limits: request.limits, warm, egress: request.egress })
    context.shelf.put(manifest)
    await steps.run('reserve', () => makeSandboxFolder(context, manifest))
    signal.throwIfAborted()
    await whileAlive(
      context.engine,
      id,
      async (alive) => {
        const isCold = await boot(context, manifest, warm, steps, signal)
        alive.throwIfAborted()
        const ready = async (): Promise<void> => {
          if (isCold) await steps.run('ready', () => startUp(context, manifest, request.init, alive))
        }
        await finish(beginFirstRun(context, manifest, request, alive), steps, alive, { ready })
      },
      signal,
    )
  }
  try {
    await context.admission.run('create', { id, limits: request.limits, needBytes }, work)
  } catch (error) {
    steps.failed(error)
    if (context.shelf.find(id) !== undefined) await removeSandbox(context, id)
    throw error
  }
  steps.done({ isWarm: warm !== undefined })
}

function isThereAlready(context: NodeContext, id: SandboxId): boolean {
  const phase = context.shelf.find(id)?.phase
  if (phase === 'running') return true
  if ((phase === undefined && !context.shelf.isBroken(id)) || phase === 'pooled') return false
  throw new DrowseError('conflict', `Cannot create sandbox "${id}": this node has it, ${phase ?? 'broken'}`)
}

/** Resolves with false, and nothing left of the member, when it is of no use: the create goes its usual way. */
async function createFromPool(
  context: NodeContext,
  request: NodeCreateRequest,
  pooled: SandboxManifest,
  signal: AbortSignal,
): Promise<boolean> {
  const { id, limits } = request
  // Out of the tier before anything waits: nobody may take its memory from here on.
  context.frozen.take(id)
  const isWanted =
    pooled.templateId === request.templateId &&
    pooled.limits.memoryMb === limits.memoryMb &&
    pooled.limits.cpuCount === limits.cpuCount
  if (!isWanted) {
    await removeSandbox(context, id)
    return false
  }
  const steps = beginSteps(context, 'create', id)
  try {
    await context.admission.run('create', { id, limits, needBytes: 0 }, async () => {
      if (request.egress !== undefined) await context.engine.setEgress(id, request.egress)
      const createdAt = new Date(context.clock.nowMs()).toISOString()
      const run = beginFirstRun(context, { ...pooled, ...egressPart(request.egress), createdAt }, request, signal)
      await finish(run, steps, signal, { thaw: () => steps.run('thaw', () => context.engine.thaw(id)) })
    })
  } catch (error) {
    steps.failed(error)
    await removeSandbox(context, id)
    signal.throwIfAborted()
    const { code } = DrowseError.from(error)
    if (code === 'rate_limited' || code === 'unavailable') throw error
    return false
  }
  steps.done({ isPooled: true })
  return true
}

function beginFirstRun(
  context: NodeContext,
  manifest: SandboxManifest,
  { init }: NodeCreateRequest,
  signal: AbortSignal,
): RunStart {
  return beginRun(context, { ...manifest, phase: 'running' }, { init, identity: 'fresh', signal })
}

async function finish(
  run: RunStart,
  steps: StepLog<'create'>,
  signal: AbortSignal,
  { thaw, ready }: { thaw?: () => Promise<void>; ready?: () => Promise<void> },
): Promise<void> {
  try {
    await thaw?.()
    signal.throwIfAborted()
    await steps.run('init', () => run.introduced())
    await ready?.()
    await steps.run('manifest', () => run.commit())
    signal.throwIfAborted()
  } catch (error) {
    await run.cancel()
    throw error
  }
}

/** Resolves with whether it booted from files: what the template starts with is still to be begun then. */
async function boot(
  context: NodeContext,
  manifest: SandboxManifest,
  warm: WarmImage | undefined,
  steps: StepLog<'create'>,
  signal: AbortSignal,
): Promise<boolean> {
  const spec = specOf(context, manifest)
  await steps.run('create', () => context.engine.create(spec))
  signal.throwIfAborted()
  if (warm === undefined) {
    await steps.run('start', () => context.engine.start(spec))
    return true
  }
  try {
    await steps.run('restore', () => context.engine.restore(spec, warm.image))
    return false
  } catch (error) {
    signal.throwIfAborted()
    // A template whose image does not restore still makes sandboxes, only slower.
    context.logger.warn(
      { templateId: manifest.templateId, err: error },
      'Cannot restore a warm image, booting from files',
    )
    await steps.run('create-again', () => context.engine.create(spec))
    signal.throwIfAborted()
    await steps.run('start', () => context.engine.start(spec))
    return true
  }
}
