import { DrowseError, type SandboxId } from '@drowse/protocol'
import { pathExists } from '../disk.ts'
import { beginSteps, type NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'

/**
 * Removes a sandbox: its operations fail, and once its manifest says `killed`, durably, it is gone for everybody. Its processes end and its
 * folder leaves `sandboxes/` behind the answer, or at the next start. Where no manifest can be written (it is broken, not there yet, or the disk is
 * full) all that comes before the answer, and a kill that is cut leaves a sandbox that a later kill removes.
 */
export async function killSandbox(context: NodeContext, id: SandboxId): Promise<void> {
  const { operations, shelf, background } = context
  const { root } = sandboxFolder(context.folder, id)
  const isKnown = shelf.find(id) !== undefined || shelf.isBroken(id)
  if (!isKnown && !operations.isBusy(id) && !(await pathExists(root))) return
  const steps = beginSteps(context, 'kill', id)
  const isBusy = operations.isBusy(id)
  const removed = Promise.withResolvers<boolean>()
  operations.interrupt(id)
  context.hasher.cancel(id)
  context.frozen.take(id)
  context.ready.take(id)
  // Queued with the interrupt, so that a later operation of the id comes after it.
  const finished = operations.runUninterrupted(id, async () => {
    if (await removed.promise) await finishKill(context, id, isBusy)
  })
  void background.start(`kill ${id}`, `finish the kill of sandbox "${id}"`, () => finished)
  const takeAway = async (): Promise<void> => {
    try {
      await steps.run('destroy', () => context.engine.destroy(id))
      await steps.run('remove', () => context.trash.discardDurably(root))
      shelf.remove(id)
      removed.resolve(true)
      steps.done()
    } catch (error) {
      removed.resolve(false)
      steps.failed(error)
      throw error
    }
  }
  if (await steps.run('commit', () => commit(context, id))) {
    shelf.remove(id)
    void background.start(`remove ${id}`, `remove what is left of sandbox "${id}"`, takeAway)
  } else await takeAway()
}

/** Makes the kill durable; resolves with whether that could be done. */
async function commit({ shelf, logger }: NodeContext, id: SandboxId): Promise<boolean> {
  const manifest = shelf.find(id)
  if (manifest === undefined) return false
  try {
    await shelf.save({ ...manifest, phase: 'killed' })
    return true
  } catch (error) {
    logger.debug({ sandboxId: id, err: DrowseError.from(error) }, 'Cannot note a kill, removing the sandbox first')
    return false
  }
}

/** What an interrupted operation was doing at that moment may still have come true in the engine or the folder. */
async function finishKill(context: NodeContext, id: SandboxId, wasBusy: boolean): Promise<void> {
  await context.background.settled(id)
  if (wasBusy) {
    await context.engine.destroy(id)
    await context.trash.discard(sandboxFolder(context.folder, id).root)
  }
  context.slots.release(id)
}
