import type { Duplex } from 'node:stream'
import type { SandboxId } from '@drowse/protocol'

/** Why a sandbox stopped running under a connection. */
export type StopCause = 'paused' | 'killed'

/** What {@link SandboxAccess.open} is told. */
export interface OpenOptions {
  /** Gives the wait up; the wake goes on for others. */
  signal: AbortSignal
  /** Called once when the sandbox stops running before the open one is disposed of. It must not throw. */
  onStop(cause: StopCause): void
}

/** A sandbox that runs and counts one more connection, until it is disposed of. */
export interface OpenSandbox extends Disposable {
  /** Where its daemon listens. */
  readonly daemon: { host: string; port: number }
  /** The daemon's token; `undefined` when the sandbox is not secured. */
  readonly accessToken: string | undefined
  /** Connects to a port of the guest's loopback, half-open ends included; `undefined` when nothing listens there. */
  connect(port: number): Promise<Duplex | undefined>
}

/** The door's only view of the control plane. */
export interface SandboxAccess {
  /**
   * The stored public key with this fingerprint that belongs to the team of the sandbox. Neither text is checked by the caller; what is
   * unknown, gone or of another team is `undefined` alike. Never wakes anything.
   */
  findKey(sandboxId: string, fingerprint: string): Promise<{ id: string; publicKey: string } | undefined>
  /**
   * Makes a sandbox run, as its owner's `connect()` does and whatever its auto-resume says, and counts a connection.
   * Rejects with a `DrowseError`: "not_found", "rate_limited", "unavailable", "conflict", "deadline_exceeded" (after 60 s).
   */
  open(id: SandboxId, options: OpenOptions): Promise<OpenSandbox>
}
