import type { SandboxId } from '@drowse/protocol'
import type { SandboxEvent } from '../../events/event.ts'

/** History of sandboxes; entries are added, and the oldest removed. */
export interface EventRepo {
  append(event: SandboxEvent): Promise<void>
  /** Events of one sandbox, oldest first. */
  listBySandbox(sandboxId: SandboxId): Promise<SandboxEvent[]>
  /** Removes all but the latest `keep` events. */
  prune(keep: number): Promise<void>
}
