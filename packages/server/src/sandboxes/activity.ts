import type { Clock } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import { idleTimeoutMs } from './idle-timeout.ts'
import type { Sandbox } from './sandbox.ts'

/**
 * Knows who is connected to which sandbox and since when nobody is, and derives from it when a run ends.
 *
 * It lives in memory only: a stored `endAtMs` is never later than the true end, so whoever acts on a stored one asks here
 * first, and a burst of short requests writes nothing. What an earlier process knew is forgotten: idle time is counted
 * from {@link restart} at the earliest.
 */
export class Activity {
  readonly #clock: Clock
  readonly #connections = new Map<SandboxId, number>()
  /** Last touch or end of a connection, of running sandboxes with an idle timeout. */
  readonly #lastMs = new Map<SandboxId, number>()
  #sinceMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#sinceMs = clock.nowMs()
  }

  /** Gives every sandbox a fresh idle time from now. `sandboxes` are all there are. */
  restart(sandboxes: readonly Sandbox[]): void {
    this.#sinceMs = this.#clock.nowMs()
    for (const sandbox of sandboxes) this.notice(sandbox)
  }

  /** Counts a connection that came (1) or went (-1). */
  connectionChanged(id: SandboxId, delta: 1 | -1): void {
    const count = this.connections(id) + delta
    if (count > 0) {
      this.#connections.set(id, count)
    } else {
      this.#connections.delete(id)
      this.touch(id)
    }
  }

  /** How many requests, streams and upgraded sockets are open. */
  connections(id: SandboxId): number {
    return this.#connections.get(id) ?? 0
  }

  /** Begins the idle time again. */
  touch(id: SandboxId): void {
    if (this.#lastMs.has(id)) this.#lastMs.set(id, this.#clock.nowMs())
  }

  /** Takes notice of a changed row. */
  notice(sandbox: Sandbox): void {
    const { id, state } = sandbox
    if (state === 'paused' || state === 'killing') this.#lastMs.delete(id)
    else if (state === 'running' && idleTimeoutMs(sandbox) < Infinity && !this.#lastMs.has(id)) {
      this.#lastMs.set(id, sandbox.startedAtMs)
    }
  }

  /** When a running sandbox ends as things are: its lifetime's end, or the end of its idle time while nobody is connected. */
  endAtMs(sandbox: Sandbox): number {
    return this.connections(sandbox.id) > 0 ? sandbox.maxEndAtMs : this.#idleEndAtMs(sandbox)
  }

  /** When to look again at a running sandbox that has time left: it can't end sooner, whatever its connections do. */
  nextLookAtMs(sandbox: Sandbox): number {
    if (this.connections(sandbox.id) === 0) return this.#idleEndAtMs(sandbox)
    return Math.min(sandbox.maxEndAtMs, this.#clock.nowMs() + idleTimeoutMs(sandbox))
  }

  /** The sandbox with the end that holds at this moment. */
  present(sandbox: Sandbox): Sandbox {
    const isRunning = sandbox.state === 'running' || sandbox.state === 'snapshotting'
    return isRunning ? { ...sandbox, endAtMs: this.endAtMs(sandbox) } : sandbox
  }

  #idleEndAtMs(sandbox: Sandbox): number {
    const lastMs = Math.max(this.#lastMs.get(sandbox.id) ?? 0, sandbox.startedAtMs, this.#sinceMs)
    return Math.min(sandbox.maxEndAtMs, lastMs + idleTimeoutMs(sandbox))
  }
}
