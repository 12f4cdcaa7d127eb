import { DrowseError, type SandboxId } from '@drowse/protocol'
import type { NodeInit } from '../node-client.ts'
import { startUp, type NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import type { StepLog } from '../step-log.ts'
import { beginRun, type RunStart } from './run-start.ts'

/** One attempt to bring a sandbox back. */
export interface Wake {
  context: NodeContext
  id: SandboxId
  /** As it was when the attempt began. */
  manifest: SandboxManifest
  init: NodeInit
  /** Whether its container was made ahead. */
  isReady: boolean
  steps: StepLog<'resume'>
  signal: AbortSignal
}

/** Begins the run after a sandbox's sleep, of which `manifest` is the last word. */
export function beginWake({ context, init, signal }: Wake, manifest: SandboxManifest): RunStart {
  const running: SandboxManifest = { ...manifest, phase: 'running', generation: manifest.generation + 1, image: null }
  return beginRun(context, running, { init, identity: 'kept', signal })
}

/**
 * Waits for the daemon, and after a boot from files (`isCold`) for what the template starts with, and makes the new run the truth; from then
 * on the image is of an earlier run. Memory that goes on changes files at once, which the image then no longer fits, so its manifest is written
 * while the daemon answers; a boot is the truth only when it has worked, and leaves the image alone until then.
 */
export async function finishWake(
  wake: Wake,
  run: RunStart,
  { isCold }: { isCold: boolean } = { isCold: false },
): Promise<void> {
  const { context, manifest, init, steps, signal } = wake
  try {
    signal.throwIfAborted()
    // Its failure is thrown where it is waited for.
    if (!isCold) run.commit().catch(() => undefined)
    await steps.run('init', () => run.introduced())
    signal.throwIfAborted()
    if (isCold) await steps.run('ready', () => startUp(context, manifest, init, signal))
    signal.throwIfAborted()
    await steps.run('manifest', () => run.commit())
    signal.throwIfAborted()
  } catch (error) {
    await run.cancel()
    throw error
  }
}

/** Ends a half-made wake and shows the sandbox paused again. A kill removes the rest by itself. */
export async function stopWake({ context, id, manifest, signal }: Wake): Promise<void> {
  try {
    await context.engine.destroy(id)
    // Also when no other phase was shown: a write that failed half way may be on disk.
    if (!signal.aborted) await context.shelf.save(manifest)
  } catch (error) {
    context.logger.error({ sandboxId: id, err: DrowseError.from(error) }, 'Cannot undo a failed resume')
  }
}

/** Behind the answer: the new run's manifest has made the image one of an earlier run, which nothing restores. */
export function removeImageBehind(context: NodeContext, id: SandboxId, work: () => Promise<void>): void {
  void context.background.start(id, `take away the used memory of sandbox "${id}"`, work)
}
