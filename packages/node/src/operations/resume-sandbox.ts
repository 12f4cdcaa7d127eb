import type { SandboxId } from '@drowse/protocol'
import { pathExists } from '../disk.ts'
import { checkImage } from '../images/check-image.ts'
import type { NodeInit, NodeResumeResult } from '../node-client.ts'
import { beginSteps, destroyBehind, introduce, type NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import type { FrozenEntry } from '../tiers/frozen-tier.ts'
import { bootCold } from './boot-cold.ts'
import { loseMemoryIfGone } from './lose-memory.ts'
import { LEAST_MEMORY_BYTES } from './memory-need.ts'
import { restoreImage } from './restore-image.ts'
import { thawFrozen } from './thaw-frozen.ts'
import type { Wake } from './wake.ts'

/** How the saved memory of a sandbox may be used: restored, or not, and whether that was the caller's wish. */
type MemoryUse = { kind: 'restore' } | { kind: 'unwanted' | 'unusable'; reason: string }

/**
 * Brings a sandbox back: by a thaw while it is frozen in RAM, from its image, or cold from its files when that cannot be restored or `memory` is
 * false. The image is removed only after the daemon answered; a failure keeps it and leaves the sandbox paused.
 * A running sandbox is confirmed: it is thawed should it be frozen, and its daemon is told `init` once more.
 */
export async function resumeSandbox(
  context: NodeContext,
  id: SandboxId,
  options: { init: NodeInit; memory: boolean },
  signal: AbortSignal,
): Promise<NodeResumeResult> {
  // Out of the tier before anything waits: nobody may take its memory from here on.
  const entry = context.frozen.take(id)
  const isReady = context.ready.take(id)
  context.hasher.cancel(id)
  const steps = beginSteps(context, 'resume', id)
  try {
    await context.background.settled(id)
    const wake = { context, id, init: options.init, isReady, steps, signal }
    const found = context.shelf.get(id)
    if (found.phase === 'running' && !(await loseMemoryIfGone(context, found))) {
      await confirm({ ...wake, manifest: found })
      steps.done({ isConfirmed: true })
      return { tier: 'frozen', isCold: false }
    }
    const result = await admit({ ...wake, manifest: context.shelf.get(id) }, options.memory, entry)
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

/** Without room on the host a frozen sandbox stays frozen. */
async function admit(wake: Wake, wantsMemory: boolean, entry: FrozenEntry | undefined): Promise<NodeResumeResult> {
  const { context, id, manifest } = wake
  const { limits } = manifest
  // Its place in the tier may have been lost a moment ago, with its end still to come.
  const isFrozen = wantsMemory && (entry !== undefined || (await context.engine.status(id)) === 'frozen')
  const needBytes = isFrozen ? 0 : Math.max(LEAST_MEMORY_BYTES, wantsMemory ? (manifest.image?.bytes ?? 0) : 0)
  let isAdmitted = false
  try {
    return await context.admission.run('resume', { id, limits, needBytes }, () => {
      isAdmitted = true
      return bringBack(wake, wantsMemory, isFrozen)
    })
  } finally {
    if (!isAdmitted && !wake.signal.aborted) {
      if (entry !== undefined) stayFrozen(context, entry)
      if (wake.isReady) context.ready.putBack(id)
    }
  }
}

function stayFrozen(context: NodeContext, entry: FrozenEntry): void {
  if (!context.frozen.keep(entry)) destroyBehind(context, entry.id)
  context.hasher.start(entry.id)
}

async function bringBack(asleep: Wake, wantsMemory: boolean, isFrozen: boolean): Promise<NodeResumeResult> {
  if (isFrozen && (await thawFrozen(asleep))) return { tier: 'frozen', isCold: false }
  const wake = { ...asleep, manifest: await withFreeSlot(asleep.context, asleep.manifest) }
  let use = await decideUse(wake, wantsMemory)
  if (use.kind === 'restore') {
    const failure = await restoreImage(wake)
    if (failure === undefined) return { tier: 'disk', isCold: false }
    use = { kind: 'unusable', reason: failure }
  }
  await bootCold(wake, use)
  return { tier: 'files', isCold: true, coldReason: use.reason }
}

/** The manifest; with another place in the network, durably, when somebody else on the host took its addresses while it slept. */
async function withFreeSlot(context: NodeContext, manifest: SandboxManifest): Promise<SandboxManifest> {
  const slot = context.slots.take(manifest.id)
  if (slot === manifest.network.slot) return manifest
  const moved = { ...manifest, network: { slot } }
  await context.shelf.save(moved)
  return moved
}

async function decideUse({ context, id, manifest }: Wake, wantsMemory: boolean): Promise<MemoryUse> {
  if (!wantsMemory) return { kind: 'unwanted', reason: 'a boot from files was asked for' }
  if (manifest.image === null) return { kind: 'unwanted', reason: 'no memory was saved' }
  if (!(await pathExists(manifest.guest.path))) {
    return { kind: 'unusable', reason: 'the guest runtime that the saved memory needs is no longer installed' }
  }
  const { image } = sandboxFolder(context.folder, id)
  const checked = await checkImage(image, context.engine.build, manifest.generation)
  return checked.reason === undefined ? { kind: 'restore' } : { kind: 'unusable', reason: checked.reason }
}
