import { deadline, raceSignal } from '@drowse/common'
import type { StopCause } from '@drowse/gateway'
import { DrowseError, ENVD_PORT, type SandboxId } from '@drowse/protocol'
import type { LifecycleContext } from './lifecycle-context.ts'
import { wakeOwnSandbox } from './wake.ts'

/** Longest, in ms, that somebody waits for a sandbox to run; as requests do. */
const WAKE_LIMIT_MS = 60_000
/** How often a sandbox may be found asleep again right after it was woken. */
const MAX_WAKES = 3

/** How an owner attaches to a sandbox. */
export interface AttachOptions {
  /** Gives the wait up; a wake goes on for others. */
  signal: AbortSignal
  /** Called once when the sandbox stops before the attachment ends. It must not throw. */
  onStop(cause: StopCause): void
}

/** A running sandbox that counts one more connection until this is disposed of. Idempotent. */
export interface Attachment extends Disposable {
  /** Where its daemon listens. */
  readonly daemon: { host: string; port: number }
  readonly accessToken: string | undefined
}

interface Entry {
  onStop(cause: StopCause): void
}

/**
 * Connections to sandboxes that come neither by name nor by header but from somebody who has shown that the sandbox is theirs: SSH and
 * forwarded ports. They wake it as `connect()` does, and count for its idle time as requests do.
 */
export class Attachments {
  readonly #context: LifecycleContext
  readonly #maxPerSandbox: number
  readonly #entries = new Map<SandboxId, Set<Entry>>()

  /** `maxPerSandbox` bounds the connections at once to one sandbox, those that wait for it included; 0 sets no bound. */
  constructor(context: LifecycleContext, maxPerSandbox: number) {
    this.#context = context
    this.#maxPerSandbox = maxPerSandbox
  }

  /**
   * Wakes a sandbox and attaches to it. Whether it is the caller's has been checked. Rejects with "not_found" or "conflict" (gone or
   * going), "rate_limited", "unavailable", "deadline_exceeded" (after 60 s), or the signal's reason.
   */
  async attach(id: SandboxId, options: AttachOptions): Promise<Attachment> {
    const { signal } = options
    let stops = 0
    const entry: Entry = { onStop: () => void stops++ }
    const leave = this.#enter(id, entry)
    try {
      for (let wakes = 0; wakes < MAX_WAKES; wakes++) {
        await raceSignal(wakeOwnSandbox(this.#context, id), deadline(WAKE_LIMIT_MS, `wake sandbox "${id}"`, signal))
        const earlierStops = stops
        const sandbox = await this.#context.store.sandboxes.find(id)
        // A pause may have come between; one that is told from here on is a pause of this run.
        if (sandbox === undefined || sandbox.state === 'killing') break
        if (sandbox.state !== 'running') continue
        const daemon = await this.#context.node.endpoint(id, ENVD_PORT)
        if (stops !== earlierStops) continue
        signal.throwIfAborted()
        entry.onStop = (stopped) => {
          leave()
          options.onStop(stopped)
        }
        return { daemon, accessToken: sandbox.envdAccessToken, [Symbol.dispose]: leave }
      }
    } catch (error) {
      leave()
      throw error
    }
    leave()
    throw new DrowseError('conflict', `Cannot connect to sandbox "${id}": others pause or kill it at this moment`)
  }

  /** Tells everybody attached to a sandbox that it stopped. */
  stopped(id: SandboxId, cause: StopCause): void {
    for (const entry of this.#entries.get(id) ?? []) entry.onStop(cause)
  }

  /** Counts somebody in; the answer counts them out, once. */
  #enter(id: SandboxId, entry: Entry): () => void {
    const entries = this.#entries.get(id) ?? new Set()
    if (this.#maxPerSandbox > 0 && entries.size >= this.#maxPerSandbox) {
      throw new DrowseError('rate_limited', `Too many connections to this sandbox: ${this.#maxPerSandbox} are open`)
    }
    this.#entries.set(id, entries.add(entry))
    this.#context.activity.connectionChanged(id, 1)
    return () => {
      if (!entries.delete(entry)) return
      if (entries.size === 0 && this.#entries.get(id) === entries) this.#entries.delete(id)
      this.#context.activity.connectionChanged(id, -1)
    }
  }
}
