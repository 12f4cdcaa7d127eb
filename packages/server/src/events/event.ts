import type { SandboxId } from '@drowse/protocol'

/** What can happen to a sandbox. */
export type EventName =
  | 'sandbox.created'
  | 'sandbox.paused'
  | 'sandbox.resumed'
  | 'sandbox.killed'
  /** Its processes ended without being asked to; `data.reason` says what is known. */
  | 'sandbox.died'
  | 'sandbox.pause-failed'
  | 'sandbox.resume-failed'
  /** A node holds it and no row knows it, or the other way round; `data.reason` says which. */
  | 'sandbox.mismatch'

/** One entry of a sandbox's history; it outlives the sandbox. */
export interface SandboxEvent {
  atMs: number
  sandboxId: SandboxId
  teamId: string
  name: EventName
  data: Readonly<Record<string, unknown>>
}
