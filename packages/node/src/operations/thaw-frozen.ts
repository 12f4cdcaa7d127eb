import { DrowseError } from '@drowse/protocol'
import { sandboxFolder } from '../sandbox-folder.ts'
import { reportTier } from '../tiers/sandbox-tier.ts'
import { beginWake, finishWake, removeImageBehind, stopWake, type Wake } from './wake.ts'

/**
 * Lets a paused sandbox that is frozen in RAM go on. Resolves with false when its processes have ended meanwhile or cannot be continued: they
 * have not run, so that the image still fits the files. Once they have, it is as after a restore: the new run is the
 * truth, unless its daemon does not answer; then the processes end and the image is kept.
 */
export async function thawFrozen(wake: Wake): Promise<boolean> {
  const { context, id, manifest, steps, signal } = wake
  const run = beginWake(wake, manifest)
  try {
    await steps.run('thaw', () => context.engine.thaw(id))
  } catch (error) {
    await run.cancel()
    signal.throwIfAborted()
    context.logger.warn({ sandboxId: id, err: DrowseError.from(error) }, 'Cannot thaw a sandbox, restoring its image')
    await context.engine.destroy(id)
    return false
  }
  try {
    await finishWake(wake, run)
  } catch (error) {
    await stopWake(wake)
    if (!signal.aborted) reportTier(context, id)
    throw error
  }
  removeImageBehind(context, id, () => context.trash.discard(sandboxFolder(context.folder, id).image))
  return true
}
