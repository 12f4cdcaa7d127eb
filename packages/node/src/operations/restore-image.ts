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
    await finishWake(wake, beginWake(wake, manifest))
  } catch (error) {
    await stopWake(wake)
    throw error
  }
  removeImageBehind(context, id, () => context.trash.discard(at.image))
  return undefined
}
