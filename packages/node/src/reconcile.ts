import { deadline } from '@drowse/common'
import type { EngineStatus } from '@drowse/engine'
import { DrowseError, ENVD_PORT } from '@drowse/protocol'
import { waitForDaemon } from './daemon-client.ts'
import { findImageManifest, type ImageManifest } from './images/image-manifest.ts'
import type { NodeContext } from './node-context.ts'
import { reportDeath } from './operations/lose-memory.ts'
import { startAction } from './phases.ts'
import { sandboxFolder } from './sandbox-folder.ts'
import type { SandboxManifest } from './sandbox-manifest.ts'
import type { ScannedFolder } from './sandbox-shelf.ts'
import { sweepWarm } from './templates/sweep-warm.ts'
import { keepFrozenOrEnd } from './tiers/keep-frozen.ts'

/** Longest wait, in ms, for the daemon of a sandbox whose wake was cut: it was restored before this start. */
const CONFIRM_TIMEOUT_MS = 5_000

/**
 * Makes folders and engine agree at start, as README.md's table says; no call may run beside it. A sandbox that cannot be settled is logged
 * and shown as its manifest says, so that one bad disk block does not keep the others from their users.
 */
export async function reconcile(context: NodeContext): Promise<void> {
  const entries = await context.engine.list()
  const status = new Map(entries.map((entry) => [entry.id, entry.status]))
  const folders = await context.shelf.scan()
  for (const found of folders) reserve(context, found)
  const known = new Set<string>(folders.map(({ id }) => id))
  for (const { id } of entries) {
    if (!known.has(id)) await attempt(context, id, 'destroy an orphan', () => context.engine.destroy(id))
  }
  for (const found of folders) {
    if (found.kind === 'whole') {
      const { manifest } = found
      const engine = status.get(found.id)
      // The usual case, and thousands of them: paused, and the host holds nothing.
      if (manifest.phase === 'paused' && engine === undefined) continue
      await attempt(context, found.id, 'settle', () => settle(context, manifest, engine ?? 'absent'))
    } else if (found.kind === 'empty') {
      await attempt(context, found.id, 'remove an empty folder', () => removeEmpty(context, found.id))
    }
  }
  await attempt(context, 'templates', 'sweep warm layers', () => sweepWarm(context))
}

async function removeEmpty(context: NodeContext, id: string): Promise<void> {
  await context.engine.destroy(id)
  await context.trash.discard(sandboxFolder(context.folder, id).root)
}

/** Puts a folder on the shelf and keeps its slot before any other is given away. */
function reserve(context: NodeContext, found: ScannedFolder): void {
  const { shelf, slots, logger } = context
  if (found.kind === 'empty') return
  const slot = found.kind === 'whole' ? found.manifest.network.slot : found.slot
  try {
    if (slot !== undefined) slots.reserve(found.id, slot)
    if (found.kind === 'whole') {
      shelf.put(found.manifest)
      return
    }
    logger.error({ sandboxId: found.id, err: found.error }, 'Cannot read the manifest of a sandbox; its folder is kept')
  } catch (error) {
    logger.error({ sandboxId: found.id, err: error }, 'Cannot use a sandbox; its folder is kept')
  }
  shelf.putBroken(found.id)
}

async function settle(context: NodeContext, manifest: SandboxManifest, engine: EngineStatus): Promise<void> {
  const { id } = manifest
  if (context.shelf.isBroken(id)) return
  const at = sandboxFolder(context.folder, id)
  const onDisk = await findImageManifest(at.image)
  const image = onDisk?.generation === manifest.generation ? onDisk : undefined
  const action = startAction({ phase: manifest.phase, engine, hasCommittedImage: image !== undefined })
  await context.trash.discard(at.nextImage)
  // A change of the rules may have been cut between manifest and kernel, and the name-aware proxy listens elsewhere at each start.
  if (engine !== 'absent') await context.engine.setEgress(id, manifest.egress)
  switch (action) {
    case 'remove':
      await context.engine.destroy(id)
      await context.trash.discardDurably(at.root)
      context.shelf.remove(id)
      context.slots.release(id)
      break
    case 'adopt':
      await context.trash.discard(at.image)
      break
    case 'thaw':
      await context.trash.discard(at.image)
      await context.engine.thaw(id)
      break
    case 'adopt-pooled':
      await context.pool.adopt(manifest)
      break
    case 'finish-pause': {
      const paused: SandboxManifest = { ...manifest, phase: 'paused', image: image ?? null }
      if (engine === 'frozen') await stayFrozen(context, paused)
      else await rest(context, paused)
      break
    }
    case 'keep-frozen':
      await stayFrozen(context, manifest)
      break
    case 'lose-memory':
      await context.trash.discard(at.image)
      await rest(context, { ...manifest, phase: 'paused', image: null })
      reportDeath(context, manifest)
      break
    case 'confirm-wake':
      await confirmWake(context, manifest)
      break
    case 'keep-ready':
      if (!(await context.ready.adopt(manifest))) await rest(context, manifest)
      break
    case 'rest':
      await rest(context, { ...manifest, phase: 'paused' })
      break
  }
  logAction(context, manifest, engine, action, image)
}

/** The manifest before the engine: once it says paused, nothing thaws the sandbox again. */
async function rest(context: NodeContext, paused: SandboxManifest): Promise<void> {
  await context.shelf.save(paused)
  await context.engine.destroy(paused.id)
}

/** As {@link rest}, but for a sandbox that has not run since its image was written. */
async function stayFrozen(context: NodeContext, paused: SandboxManifest): Promise<void> {
  await context.shelf.save(paused)
  keepFrozenOrEnd(context, paused, await context.engine.memoryBytes(paused.id))
}

/** Undoing a wake whose processes have run on would put old memory over newer files; so it is undone only when the daemon is dead. */
async function confirmWake(context: NodeContext, manifest: SandboxManifest): Promise<void> {
  const { id } = manifest
  try {
    const signal = deadline(CONFIRM_TIMEOUT_MS, `reach the daemon of sandbox "${id}"`)
    await waitForDaemon(context.engine.endpoint(manifest.network, ENVD_PORT), id, signal)
  } catch {
    await rest(context, manifest)
    return
  }
  await context.shelf.save({ ...manifest, phase: 'running', generation: manifest.generation + 1, image: null })
  await context.trash.discard(sandboxFolder(context.folder, id).image)
}

async function attempt(context: NodeContext, id: string, what: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    context.logger.error({ sandboxId: id, err: DrowseError.from(error) }, `Cannot ${what} at start`)
  }
}

function logAction(
  context: NodeContext,
  manifest: SandboxManifest,
  engine: EngineStatus,
  action: string,
  image: ImageManifest | undefined,
): void {
  const fields = { sandboxId: manifest.id, phase: manifest.phase, engine, hasImage: image !== undefined, action }
  if (action === 'rest' || action === 'adopt') context.logger.debug(fields, 'sandbox found at start')
  else context.logger.info(fields, 'sandbox settled at start')
}
