import type { SandboxId } from '@drowse/protocol'
import type { SandboxEvent } from '../../events/event.ts'

/** History of sandboxes; entries are only ever added. */
export interface EventRepo {
  append(event: SandboxEvent): Promise<void>
  /** Events of one sandbox, oldest first. */
  listBySandbox(sandboxId: SandboxId): Promise<SandboxEvent[]>
}
