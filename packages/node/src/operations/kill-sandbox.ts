import type { SandboxId } from '@drowse/protocol'
import { pathExists } from '../disk.ts'
import { beginSteps, type NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'

/**
 * Removes a sandbox: its operations fail, its processes end, its folder leaves `sandboxes/` durably; the rest goes behind.
 * A kill that is cut leaves a sandbox that a later kill removes.
 */
export async function killSandbox(context: NodeContext, id: SandboxId): Promise<void> {
  const { operations } = context
  const { root } = sandboxFolder(context.folder, id)
  const isKnown = context.shelf.find(id) !== undefined || context.shelf.isBroken(id)
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
  void context.background.start(`kill ${id}`, `finish the kill of sandbox "${id}"`, () => finished)
  try {
    await steps.run('destroy', () => context.engine.destroy(id))
    await steps.run('remove', () => context.trash.discardDurably(root))
  } catch (error) {
    removed.resolve(false)
    steps.failed(error)
    throw error
  }
  context.shelf.remove(id)
  removed.resolve(true)
  steps.done()
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
