import { DrowseError, type SandboxId } from '@drowse/protocol'
import type { NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'

/**
 * Removes a sandbox that nobody was told of. Never fails: the folder stays when the engine cannot let go of it, so that no mount is deleted
 * through, and the next start tries again.
 */
export async function removeSandbox(context: NodeContext, id: SandboxId): Promise<void> {
  context.frozen.take(id)
  try {
    await context.engine.destroy(id)
    await context.trash.discardDurably(sandboxFolder(context.folder, id).root)
    context.slots.release(id)
  } catch (error) {
    context.logger.error({ sandboxId: id, err: DrowseError.from(error) }, 'Cannot remove a failed create')
  }
  context.shelf.remove(id)
}
