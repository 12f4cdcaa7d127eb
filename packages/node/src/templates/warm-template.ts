import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { renameDurable, syncDirectory, writeFileAtomic } from '@drowse/common'
import type { SandboxSpec } from '@drowse/engine'
import { DrowseError, ENVD_PORT } from '@drowse/protocol'
import type { TemplateDefinition } from '../assets.ts'
import { startInDaemon, waitForDaemon } from '../daemon-client.ts'
import { makeRootDirectory, syncFilesystem } from '../disk.ts'
import { writeImageManifest } from '../images/image-manifest.ts'
import { beginSteps, bootBuilds, type NodeContext } from '../node-context.ts'
import { whileAlive } from '../operations/while-alive.ts'
import { layerRoot } from '../sandbox-folder.ts'
import type { StepLog } from '../step-log.ts'
import { explainBoot, forgetBootFailure, noteBootFailure } from './boot-failure.ts'
import { exerciseDaemon } from './exercise-daemon.ts'
import { findWarmImage, templateFolder } from './template-store.ts'
import { WARM_LAYER_PREFIX, type WarmManifest } from './warm-manifest.ts'

/** Time, in ms, in which a boot that is watched has to show that it fails; a boot takes a third of a second on a quiet machine. */
const WATCH_MS = 8_000

/**
 * Makes the warm image of a template unless it has one for the current engine, guest, layers and limits.
 * Boots a scratch sandbox, lets its daemon work a little, and keeps its memory as the image and its files as a layer.
 * A cut or failed run leaves the earlier warm image, if any, and scratch that the next start removes. When it is the template's own fault,
 * that is kept, and its sandboxes are refused with the reason until it changes or is warmed with success.
 */
export async function warmTemplate(context: NodeContext, template: TemplateDefinition): Promise<void> {
  const limits = { memoryMb: template.memoryMb, cpuCount: template.cpuCount }
  if ((await findWarmImage(context, template, limits)) !== undefined) return
  const layer = WARM_LAYER_PREFIX + randomBytes(8).toString('hex')
  const at = templateFolder(context.folder, template.id)
  const scratch: SandboxSpec = {
    id: layer,
    directory: at.scratch,
    layers: template.layers.map((id) => layerRoot(context.folder, id)),
    upperDirectory: join(at.scratch, 'upper'),
    workDirectory: join(at.scratch, 'work'),
    guestDirectory: context.guest.path,
    hostname: 'drowse',
    network: { slot: context.slots.take(layer) },
    limits,
  }
  const manifest: WarmManifest = {
    engine: context.engine.build,
    guest: context.guest,
    layers: template.layers,
    limits,
    layer,
    ...(template.start === undefined ? {} : { start: template.start }),
  }
  const steps = beginSteps(context, 'warm', template.id)
  try {
    await steps.run('reserve', () => makeScratch(context, scratch, at.nextWarm))
    try {
      await whileAlive(context.engine, scratch.id, (signal) =>
        bootAndSave(context, scratch, template, { image: join(at.nextWarm, 'image'), steps, signal }),
      )
    } catch (error) {
      throw await blame(context, scratch, template, error)
    } finally {
      await steps.run('destroy', () => context.engine.destroy(scratch.id))
      context.slots.release(scratch.id)
    }
    await steps.run('publish', () => publish(context, template.id, scratch.upperDirectory, manifest))
    await context.trash.discard(at.scratch)
    await forgetBootFailure(context.folder, template.id)
  } catch (error) {
    steps.failed(error)
    throw error
  }
  steps.done()
}

async function makeScratch(context: NodeContext, scratch: SandboxSpec, nextWarm: string): Promise<void> {
  await context.trash.discard(scratch.directory)
  await context.trash.discard(nextWarm)
  await mkdir(scratch.directory, { mode: 0o700 })
  await mkdir(scratch.workDirectory)
  await makeRootDirectory(scratch.upperDirectory)
  await mkdir(join(nextWarm, 'image'), { recursive: true, mode: 0o700 })
}

async function bootAndSave(
  context: NodeContext,
  scratch: SandboxSpec,
  { start }: TemplateDefinition,
  { image, steps, signal }: { image: string; steps: StepLog<'warm'>; signal: AbortSignal },
): Promise<void> {
  const { engine } = context
  await steps.run('create', () => engine.create(scratch))
  await steps.run('start', () => engine.start(scratch))
  const daemon = engine.endpoint(scratch.network, ENVD_PORT)
  await steps.run('answer', () => waitForDaemon(daemon, scratch.id, signal))
  await steps.run('ready', async () => {
    if (start !== undefined) await startInDaemon(daemon, scratch.id, start, { signal })
  })
  await steps.run('exercise', () => exerciseDaemon(daemon))
  await steps.run('freeze', () => engine.freeze(scratch.id))
  const { bytes } = await steps.run('checkpoint', () => engine.checkpoint(scratch.id, image))
  await steps.run('sync', () => syncFilesystem(scratch.upperDirectory))
  const createdAt = new Date(context.clock.nowMs()).toISOString()
  await steps.run('describe', () =>
    writeImageManifest(image, { generation: 0, engine: engine.build, bytes, createdAt }),
  )
}

/** The error to throw for a boot that failed with `error`; keeps why when that is the template's fault. */
async function blame(
  context: NodeContext,
  scratch: SandboxSpec,
  template: TemplateDefinition,
  error: unknown,
): Promise<unknown> {
  const told = await explainBoot(() => context.engine.watchBoot(scratch, WATCH_MS), error)
  if (told === undefined) return error
  const failedAt = new Date(context.clock.nowMs()).toISOString()
  await noteBootFailure(context.folder, template, bootBuilds(context), { ...told, failedAt })
  const message = `Cannot make the warm image of template "${template.id}": ${told.reason}`
  return new DrowseError('engine_failed', message, { cause: error, isRetryable: false })
}

/** The layer first, then the image that needs it; an image that is cut off in between is made again, its layer is swept. */
async function publish(context: NodeContext, templateId: string, upper: string, manifest: WarmManifest): Promise<void> {
  const at = templateFolder(context.folder, templateId)
  const layer = join(context.folder.layers, manifest.layer)
  await mkdir(layer, { mode: 0o700 })
  await writeFileAtomic(
    join(layer, 'layer.json'),
    JSON.stringify({ id: manifest.layer, kind: 'warm', templateId }, null, 2),
  )
  await renameDurable(upper, join(layer, 'root'))
  await syncDirectory(context.folder.layers)
  await writeFileAtomic(join(at.nextWarm, 'warm.json'), JSON.stringify(manifest, null, 2))
  await context.trash.discard(at.warm)
  await renameDurable(at.nextWarm, at.warm)
}
