import type { EnvdInit } from '@drowse/protocol'
import type { NodeInit } from '../node-client.ts'
import { introduce, type NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'

/** A run of a sandbox that is beginning: what its daemon is told, and the manifest that makes it the truth. */
export interface RunStart {
  /** Resolves when the daemon has taken its init. */
  introduced: () => Promise<void>
  /** Saves the manifest, durably; once, however often it is called. */
  commit: () => Promise<void>
  /** Takes back what is on its way, for a run that does not come to its commit. Never fails; waits until nothing of it goes on. */
  cancel: () => Promise<void>
}

/**
 * Sends the daemon its init and writes the manifest `running` beside the one that holds, both at once, so that the commit after the daemon's
 * answer is only a rename. May be called on a frozen sandbox: the guest's network takes the request while its processes stand still,
 * and the daemon finds it when they go on.
 */
export function beginRun(
  context: NodeContext,
  running: SandboxManifest,
  { init, identity, signal }: { init: NodeInit; identity: EnvdInit['identity']; signal: AbortSignal },
): RunStart {
  const end = new AbortController()
  const introduced = introduce(context, running, init, identity, AbortSignal.any([signal, end.signal]))
  const prepared = context.shelf.prepare(running)
  // Their failures are thrown to who waits for them; a run that fails before that waits for neither.
  for (const work of [introduced, prepared]) work.catch(() => undefined)
  let committed: Promise<void> | undefined
  return {
    introduced: async () => await introduced,
    commit: async () => {
      committed ??= prepared.then(async (file) => await file.publish())
      await committed
    },
    cancel: async () => {
      end.abort()
      await Promise.allSettled([introduced, committed ?? prepared.then(async (file) => await file.discard())])
    },
  }
}
