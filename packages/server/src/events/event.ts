import type { SandboxId } from '@drowse/protocol'

/** What can happen to a sandbox. */
export type EventName =
  | 'sandbox.created'
  | 'sandbox.paused'
  | 'sandbox.resumed'
  | 'sandbox.killed'
  /** Its processes ended without being asked to; `data.reason` says what is known. */
  | 'sandbox.died'
  /** A paused one fell to another tier; `data.tier` says which. */
  | 'sandbox.tier'
  /** Its memory limit was reached and its largest process ended; `data.process` names that. */
  | 'sandbox.memory-limit'
  /** Its rules for traffic changed. */
  | 'sandbox.network'
  /** Its saved memory was found damaged while it rested; `data.reason` says how. The next start is from files. */
  | 'sandbox.image-damaged'
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
