import { DrowseError } from '@drowse/protocol'
import { specOf } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import { beginWake, finishWake, removeImageBehind, stopWake, type Wake } from './wake.ts'

/** Continues the saved memory. Resolves with the reason when the engine cannot use it; throws, with nothing running, on any other failure. */
export async function restoreImage(wake: Wake): Promise<string | undefined> {
  const { context, id, manifest, steps, signal } = wake
  const spec = specOf(context, manifest)
  const at = sandboxFolder(context.folder, id)
  try {
    signal.throwIfAborted()
    // A container that was made ahead is kept by this.
    await steps.run('create', () => context.engine.create(spec))
    signal.throwIfAborted()
    let failure = await failureOf(wake, () => steps.run('restore', () => context.engine.restore(spec, at.image)))
    if (failure !== undefined && wake.isReady) {
      // What failed may be the container that had waited, and not the memory, which must not be lost for that.
      context.logger.warn({ sandboxId: id, err: failure }, 'Cannot restore into a container made ahead, making another')
      await steps.run('create-again', () => context.engine.create(spec))
      signal.throwIfAborted()
      failure = await failureOf(wake, () => steps.run('restore-again', () => context.engine.restore(spec, at.image)))
    }
    if (failure !== undefined) {
      context.logger.warn({ sandboxId: id, err: failure }, 'Cannot restore the memory of a sandbox, booting from files')
      return failure.message
    }
    await finishWake(wake, beginWake(wake, manifest))
  } catch (error) {
    await stopWake(wake)
    throw error
  }
  removeImageBehind(context, id, () => context.trash.discard(at.image))
  return undefined
}

/** The engine's word that it cannot use the image, if that is what becomes of `restore`; any other failure is thrown. */
async function failureOf({ signal }: Wake, restore: () => Promise<void>): Promise<DrowseError | undefined> {
  try {
    await restore()
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    const failure = DrowseError.from(error)
    if (failure.code !== 'engine_failed') throw failure
    return failure
  }
}
