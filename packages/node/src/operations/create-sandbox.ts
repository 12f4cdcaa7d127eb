import { mkdir } from 'node:fs/promises'
import { syncDirectory } from '@drowse/common'
import { DrowseError, type SandboxId } from '@drowse/protocol'
import { makeRootDirectory } from '../disk.ts'
import type { NodeCreateRequest } from '../node-client.ts'
import { beginSteps, introduce, specOf, type NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import type { StepLog } from '../step-log.ts'
import { findWarmImage, getTemplate, type WarmImage } from '../templates/template-store.ts'

/**
 * Makes a sandbox: slot and manifest first, then the engine's part, by the template's warm image when there is one that fits.
 * On failure, or when `signal` says that it was killed, nothing of it stays.
 */
export async function createSandbox(
  context: NodeContext,
  request: NodeCreateRequest,
  signal: AbortSignal,
): Promise<void> {
  const { id } = request
  await context.background.settled(id)
  if (isThereAlready(context, id)) return
  const template = await getTemplate(context.folder, request.templateId)
  const warm = await findWarmImage(context, template, request.limits)
  const steps = beginSteps(context, 'create', id)
  const manifest: SandboxManifest = {
    id,
    templateId: template.id,
    layers: warm === undefined ? template.layers : [warm.layer, ...template.layers],
    limits: request.limits,
    network: { slot: context.slots.take(id) },
    hostname: id,
    phase: 'creating',
    generation: 1,
    guest: warm?.guest ?? { path: context.guest.path, hash: context.guest.hash },
    image: null,
    createdAt: new Date(context.clock.nowMs()).toISOString(),
  }
  context.shelf.put(manifest)
  try {
    await steps.run('reserve', () => makeFolder(context, manifest))
    signal.throwIfAborted()
    await boot(context, manifest, warm, steps, signal)
    signal.throwIfAborted()
    await steps.run('init', () => introduce(context, manifest, request.init, 'fresh', signal))
    await steps.run('manifest', () => context.shelf.save({ ...manifest, phase: 'running' }))
    signal.throwIfAborted()
    steps.done({ isWarm: warm !== undefined })
  } catch (error) {
    steps.failed(error)
    await removeAll(context, id)
    throw error
  }
}

function isThereAlready(context: NodeContext, id: SandboxId): boolean {
  const existing = context.shelf.find(id)
  if (existing?.phase === 'running') return true
  if (existing === undefined && !context.shelf.isBroken(id)) return false
  throw new DrowseError('conflict', `Cannot create sandbox "${id}": this node has it, ${existing?.phase ?? 'broken'}`)
}

async function makeFolder(context: NodeContext, manifest: SandboxManifest): Promise<void> {
  const at = sandboxFolder(context.folder, manifest.id)
  await mkdir(at.root, { mode: 0o700 })
  await mkdir(at.work)
  await makeRootDirectory(at.upper)
  await context.shelf.save(manifest)
  await syncDirectory(context.folder.sandboxes)
}

async function boot(
  context: NodeContext,
  manifest: SandboxManifest,
  warm: WarmImage | undefined,
  steps: StepLog,
  signal: AbortSignal,
): Promise<void> {
  const spec = specOf(context, manifest)
  await steps.run('create', () => context.engine.create(spec))
  signal.throwIfAborted()
  if (warm === undefined) return steps.run('start', () => context.engine.start(spec))
  try {
    await steps.run('restore', () => context.engine.restore(spec, warm.image))
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
  }
}

/** The folder stays when the engine cannot let go of it: the next start tries again, and no mount is ever deleted through. */
async function removeAll(context: NodeContext, id: SandboxId): Promise<void> {
  try {
    await context.engine.destroy(id)
    await context.trash.discardDurably(sandboxFolder(context.folder, id).root)
    context.slots.release(id)
  } catch (error) {
    context.logger.error({ sandboxId: id, err: DrowseError.from(error) }, 'Cannot remove a failed create')
  }
  context.shelf.remove(id)
}
