import { rename } from 'node:fs/promises'
import { DrowseError, type SandboxId } from '@drowse/protocol'
import { pathExists } from '../disk.ts'
import { whyImageUnusable } from '../image-manifest.ts'
import type { NodeInit, NodeResumeResult } from '../node-client.ts'
import { beginSteps, introduce, specOf, type NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import type { StepLog } from '../step-log.ts'
import { loseMemoryIfGone } from './lose-memory.ts'

/** One attempt to bring a sandbox back. */
interface Wake {
  context: NodeContext
  id: SandboxId
  manifest: SandboxManifest
  init: NodeInit
  steps: StepLog
  signal: AbortSignal
}

/** How the saved memory of a sandbox may be used: restored, or not, and whether that was the caller's wish. */
type MemoryUse = { kind: 'restore' } | { kind: 'unwanted' | 'unusable'; reason: string }

/**
 * Brings a sandbox back: from its image, or cold from its files when that cannot be restored or `memory` is false.
 * The image is consumed only after the daemon answered; a failure keeps it and leaves the sandbox paused.
 * A running sandbox is confirmed: it is thawed should it be frozen, and its daemon is told `init` once more.
 */
export async function resumeSandbox(
  context: NodeContext,
  id: SandboxId,
  options: { init: NodeInit; memory: boolean },
  signal: AbortSignal,
): Promise<NodeResumeResult> {
  await context.background.settled(id)
  const steps = beginSteps(context, 'resume', id)
  const wake = { context, id, init: options.init, steps, signal }
  const found = context.shelf.get(id)
  try {
    if (found.phase === 'running' && !(await loseMemoryIfGone(context, found))) {
      await confirm({ ...wake, manifest: found })
      steps.done({ isConfirmed: true })
      return { isCold: false }
    }
    const result = await bringBack({ ...wake, manifest: context.shelf.get(id) }, options.memory)
    steps.done(result)
    return result
  } catch (error) {
    steps.failed(error)
    throw error
  }
}

async function confirm({ context, id, manifest, init, steps, signal }: Wake): Promise<void> {
  if ((await context.engine.status(id)) === 'frozen') await steps.run('thaw', () => context.engine.thaw(id))
  await steps.run('init', () => introduce(context, manifest, init, 'kept', signal))
}

async function bringBack(wake: Wake, wantsMemory: boolean): Promise<NodeResumeResult> {
  let use = await decideUse(wake, wantsMemory)
  if (use.kind === 'restore') {
    const failure = await restoreWarm(wake)
    if (failure === undefined) return { isCold: false }
    use = { kind: 'unusable', reason: failure }
  }
  await bootCold(wake, use.kind)
  return { isCold: true, coldReason: use.reason }
}

async function decideUse({ context, id, manifest }: Wake, wantsMemory: boolean): Promise<MemoryUse> {
  if (!wantsMemory) return { kind: 'unwanted', reason: 'a boot from files was asked for' }
  if (manifest.image === null) return { kind: 'unwanted', reason: 'no memory was saved' }
  if (!(await pathExists(manifest.guest.path))) {
    return { kind: 'unusable', reason: 'the guest runtime that the saved memory needs is no longer installed' }
  }
  const image = sandboxFolder(context.folder, id).image
  const reason = await whyImageUnusable(image, context.engine.build, manifest.generation)
  return reason === undefined ? { kind: 'restore' } : { kind: 'unusable', reason }
}

/** Resolves with the reason when the engine cannot use the image; throws, with nothing running, on any other failure. */
async function restoreWarm(wake: Wake): Promise<string | undefined> {
  const { context, id, manifest, steps, signal } = wake
  const spec = specOf(context, manifest)
  const at = sandboxFolder(context.folder, id)
  try {
    await steps.run('create', () => context.engine.create(spec))
    signal.throwIfAborted()
    try {
      await steps.run('restore', () => context.engine.restore(spec, at.image))
    } catch (error) {
      signal.throwIfAborted()
      const failure = DrowseError.from(error)
      if (failure.code !== 'engine_failed') throw failure
      context.logger.warn({ sandboxId: id, err: failure }, 'Cannot restore the memory of a sandbox, booting from files')
      return failure.message
    }
    await finish(wake, manifest)
  } catch (error) {
    await stop(wake)
    throw error
  }
  removeImageBehind(context, id, () => context.trash.discard(at.image))
  return undefined
}

async function bootCold(wake: Wake, imageWas: 'unwanted' | 'unusable'): Promise<void> {
  const { context, id, steps, signal } = wake
  const manifest = { ...wake.manifest, guest: { path: context.guest.path, hash: context.guest.hash } }
  const spec = specOf(context, manifest)
  const at = sandboxFolder(context.folder, id)
  try {
    // Only the phase changes here: the image and the guest that it needs stay as they are until the boot has worked.
    await steps.run('booting', () => context.shelf.save({ ...wake.manifest, phase: 'booting' }))
    signal.throwIfAborted()
    await steps.run('create-cold', () => context.engine.create(spec))
    signal.throwIfAborted()
    await steps.run('start', () => context.engine.start(spec))
    await finish(wake, manifest)
  } catch (error) {
    await stop(wake)
    throw error
  }
  removeImageBehind(context, id, () =>
    imageWas === 'unusable' ? setAside(context, at.image, at.badImage) : context.trash.discard(at.image),
  )
}

/** Waits for the daemon and makes the new run the truth; from then on the image is of an earlier run. */
async function finish({ context, init, steps, signal }: Wake, manifest: SandboxManifest): Promise<void> {
  signal.throwIfAborted()
  await steps.run('init', () => introduce(context, manifest, init, 'kept', signal))
  signal.throwIfAborted()
  const running: SandboxManifest = {
    ...manifest,
    phase: 'running',
    generation: manifest.generation + 1,
    image: null,
  }
  await steps.run('manifest', () => context.shelf.save(running))
  signal.throwIfAborted()
}

/** Ends a half-made wake and shows the sandbox paused again. A kill removes the rest by itself. */
async function stop({ context, id, manifest, signal }: Wake): Promise<void> {
  try {
    await context.engine.destroy(id)
    // Also when no other phase was shown: a write that failed half way may be on disk.
    if (!signal.aborted) await context.shelf.save(manifest)
  } catch (error) {
    context.logger.error({ sandboxId: id, err: DrowseError.from(error) }, 'Cannot undo a failed resume')
  }
}

/** Behind the answer: the new run's manifest has made the image one of an earlier run, which nothing restores. */
function removeImageBehind(context: NodeContext, id: SandboxId, work: () => Promise<void>): void {
  context.background.start(id, `take away the used memory of sandbox "${id}"`, work)
}

/** Keeps an image that could not be restored out of the way of later ones. */
async function setAside(context: NodeContext, image: string, badImage: string): Promise<void> {
  if (!(await pathExists(image))) return
  await context.trash.discard(badImage)
  await rename(image, badImage)
}
