import { mkdir } from 'node:fs/promises'
import { renameDurable } from '@drowse/common'
import { DrowseError, ENVD_PORT, type SandboxId } from '@drowse/protocol'
import { syncFilesystem } from '../disk.ts'
import { writeImageManifest, type ImageManifest } from '../images/image-manifest.ts'
import type { NodePauseResult } from '../node-client.ts'
import { isDaemonAnswering } from '../daemon-client.ts'
import { beginSteps, destroyBehind, type NodeContext } from '../node-context.ts'
import { keepFrozenOrEnd } from '../tiers/keep-frozen.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import type { StepLog } from '../step-log.ts'
import { loseMemoryIfGone } from './lose-memory.ts'

/** Disk space, in bytes, that a pause leaves to the host: a full disk stops every sandbox. */
const RESERVE_BYTES = 256 * 1024 * 1024

/** How a sandbox is to be paused. */
interface PauseOptions {
  memory: boolean
  requireHealthyGuest?: boolean
}

/**
 * Saves a running sandbox; with memory it may stay frozen in RAM, else its processes end behind. The rename to `image/` (without memory: the
 * manifest) is the commit: before it any failure lets the sandbox run on, after it nothing undoes the pause. A paused one is confirmed as it is.
 */
export async function pauseSandbox(
  context: NodeContext,
  id: SandboxId,
  options: PauseOptions,
  signal: AbortSignal,
): Promise<NodePauseResult> {
  await context.background.settled(id)
  const manifest = context.shelf.get(id)
  if (manifest.phase !== 'running') return { wasGuestSilent: manifest.image?.wasGuestSilent === true }
  const steps = beginSteps(context, 'pause', id)
  // Neither changes anything; both are at their end before the freeze.
  const [silence, space] = await Promise.allSettled([
    isSilent(context, manifest, steps, signal),
    options.memory ? steps.run('space', () => assertSpace(context, id)) : undefined,
  ])
  if (silence.status === 'rejected') throw silence.reason
  const wasGuestSilent = silence.value
  if (wasGuestSilent && !options.memory && (await loseMemoryIfGone(context, manifest))) return { wasGuestSilent }
  if (wasGuestSilent && (options.requireHealthyGuest === true || !options.memory)) {
    throw new DrowseError('unavailable', `Cannot pause sandbox "${id}": its daemon does not answer`)
  }
  let saved: SavedMemory | undefined
  try {
    if (space.status === 'rejected') throw space.reason
    await steps.run('freeze', () => context.engine.freeze(id))
    signal.throwIfAborted()
    if (space.value !== undefined) {
      const image = await saveMemory(context, manifest, { wasGuestSilent }, steps, signal)
      saved = { image, residentBytes: space.value }
    } else await steps.run('sync', () => syncFilesystem(sandboxFolder(context.folder, id).upper))
    signal.throwIfAborted()
    await commit(context, { ...manifest, phase: 'paused', image: saved?.image ?? null }, steps, signal)
  } catch (error) {
    steps.failed(error)
    if (!signal.aborted) await undo(context, manifest)
    throw error
  }
  steps.done({ hasMemory: options.memory, bytes: saved?.image.bytes, wasGuestSilent })
  settleBehind(context, id, saved)
  return { wasGuestSilent }
}

/** Saved memory, and the memory that the frozen sandbox itself holds, in bytes. */
interface SavedMemory {
  image: ImageManifest
  residentBytes: number
}

/** Seconds of silence from a daemon that answers in milliseconds are one that hangs. */
async function isSilent(
  context: NodeContext,
  manifest: SandboxManifest,
  steps: StepLog<'pause'>,
  signal: AbortSignal,
): Promise<boolean> {
  const endpoint = context.engine.endpoint(manifest.network, ENVD_PORT)
  const isAnswering = await steps.run('probe', () =>
    isDaemonAnswering(endpoint, manifest.id, context.healthTimeoutMs, signal),
  )
  signal.throwIfAborted()
  return !isAnswering
}

function settleBehind(context: NodeContext, id: SandboxId, saved: SavedMemory | undefined): void {
  if (saved === undefined) destroyBehind(context, id)
  else {
    keepFrozenOrEnd(context, context.shelf.get(id), saved.residentBytes)
    context.hasher.start(id)
  }
  void context.background.start(id, `remove the unusable memory of sandbox "${id}"`, () =>
    context.trash.discard(sandboxFolder(context.folder, id).badImage),
  )
}

async function saveMemory(
  context: NodeContext,
  manifest: SandboxManifest,
  { wasGuestSilent }: NodePauseResult,
  steps: StepLog<'pause'>,
  signal: AbortSignal,
): Promise<ImageManifest> {
  const { id } = manifest
  const at = sandboxFolder(context.folder, id)
  await context.trash.discard(at.nextImage)
  await mkdir(at.nextImage, { mode: 0o700 })
  // Both are awaited to their end, also when one fails: the engine must not write on while the sandbox is thawed.
  const [checkpoint, sync] = await Promise.allSettled([
    steps.run('checkpoint', () => context.engine.checkpoint(id, at.nextImage)),
    steps.run('sync', () => syncFilesystem(at.upper)),
  ])
  if (checkpoint.status === 'rejected') throw await nameFullDisk(context, id, checkpoint.reason)
  if (sync.status === 'rejected') throw sync.reason
  signal.throwIfAborted()
  return steps.run('describe', () =>
    writeImageManifest(at.nextImage, {
      generation: manifest.generation,
      engine: context.engine.build,
      bytes: checkpoint.value.bytes,
      createdAt: new Date(context.clock.nowMs()).toISOString(),
      ...(wasGuestSilent ? { wasGuestSilent } : {}),
    }),
  )
}

/** Resolves with the memory of the sandbox, in bytes, when the disk has room for it. */
async function assertSpace(context: NodeContext, id: string): Promise<number> {
  const [memory, free] = await Promise.all([
    context.engine.memoryBytes(id),
    context.freeBytes(context.folder.sandboxes),
  ])
  if (memory + RESERVE_BYTES <= free) return memory
  const mib = (bytes: number): number => Math.ceil(bytes / 1024 / 1024)
  throw new DrowseError(
    'disk_full',
    `Cannot pause sandbox "${id}": its memory needs ${mib(memory + RESERVE_BYTES)} MiB of disk, ${mib(free)} MiB are free`,
  )
}

/**
 * The failure of a checkpoint, as "disk_full" when less than the reserve is left: the space was there when the checkpoint began. The engine
 * itself cannot always say so, as its log is on the same disk.
 */
async function nameFullDisk(context: NodeContext, id: string, reason: unknown): Promise<unknown> {
  const isFull = (await context.freeBytes(context.folder.sandboxes)) < RESERVE_BYTES
  if (!isFull || DrowseError.from(reason).code !== 'engine_failed') return reason
  return new DrowseError(
    'disk_full',
    `Cannot pause sandbox "${id}": the disk became full while its memory was written`,
    {
      cause: reason,
    },
  )
}

async function commit(
  context: NodeContext,
  paused: SandboxManifest,
  steps: StepLog<'pause'>,
  signal: AbortSignal,
): Promise<void> {
  const { id } = paused
  const at = sandboxFolder(context.folder, id)
  if (paused.image === null) return steps.run('manifest', () => context.shelf.save(paused))
  await context.trash.discard(at.image)
  await steps.run('rename', () => renameDurable(at.nextImage, at.image))
  try {
    await steps.run('manifest', () => context.shelf.save(paused))
  } catch (error) {
    signal.throwIfAborted()
    // The image is whole and durable, and a start finishes such a pause: the sandbox is paused whatever its manifest says.
    context.logger.error(
      { sandboxId: id, err: DrowseError.from(error) },
      'Cannot write the manifest of a paused sandbox',
    )
    context.shelf.put(paused)
  }
  return undefined
}

/** Lets the sandbox run on. What fails here is logged: the caller gets the error that began it. */
async function undo(context: NodeContext, manifest: SandboxManifest): Promise<void> {
  const { id } = manifest
  const at = sandboxFolder(context.folder, id)
  try {
    // Before the thaw: an image that got its name but not its place on disk must not outlive the memory that it is of.
    await context.trash.discard(at.image)
    if (await loseMemoryIfGone(context, manifest)) return
    await context.engine.thaw(id)
    await context.trash.discard(at.nextImage)
  } catch (error) {
    context.logger.error({ sandboxId: id, err: DrowseError.from(error) }, 'Cannot undo a failed pause')
  }
}
