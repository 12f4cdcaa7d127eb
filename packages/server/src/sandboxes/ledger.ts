import type { Clock, Logger } from '@drowse/common'
import type { SandboxState } from '@drowse/protocol'
import type { EventName, SandboxEvent } from '../events/event.ts'
import type { SandboxVersion } from '../store/repos/sandbox-repo.ts'
import type { Store } from '../store/store.ts'
import type { Sandbox, SandboxPatch } from './sandbox.ts'

/** What to note about a change, in the same transaction. */
export interface LedgerEvent {
  name: EventName
  data?: SandboxEvent['data']
}

/** Called after a change is durable. */
export type LedgerListener = (sandbox: Sandbox) => void

/**
 * The only writer of sandbox rows. A change and its event are one transaction; after it, never inside, the event is
 * logged and listeners hear of the new row.
 */
export class SandboxLedger {
  readonly #store: Store
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #listeners: LedgerListener[] = []

  constructor(options: { store: Store; clock: Clock; logger: Logger }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#logger = options.logger
  }

  /** Adds a listener for every change of a row; it must not throw. */
  subscribe(listener: LedgerListener): void {
    this.#listeners.push(listener)
  }

  /** Adds a new sandbox. */
  async insert(sandbox: Sandbox): Promise<void> {
    await this.#store.sandboxes.insert(sandbox)
  }

  /** Compare-and-set of the state; undefined when the sandbox is not as `from` says any more. */
  async transition(
    from: SandboxVersion & Pick<Sandbox, 'teamId'>,
    to: SandboxState,
    patch: SandboxPatch = {},
    event?: LedgerEvent,
  ): Promise<Sandbox | undefined> {
    if (event === undefined) return this.#notify(await this.#store.sandboxes.transition(from, to, patch))
    const entry = this.#entry(from, event)
    const changed = await this.#store.transaction(async (repos) => {
      const row = await repos.sandboxes.transition(from, to, patch)
      if (row !== undefined) await repos.events.append(entry)
      return row
    })
    if (changed !== undefined) this.#log(entry)
    return this.#notify(changed)
  }

  /** Compare-and-set of fields; undefined when the sandbox is not as `from` says any more. */
  async update(from: SandboxVersion, patch: SandboxPatch): Promise<Sandbox | undefined> {
    return this.#notify(await this.#store.sandboxes.update(from, patch))
  }

  /** Removes a row; its events stay. */
  async remove(from: SandboxVersion): Promise<boolean> {
    return await this.#store.sandboxes.remove(from)
  }

  /** Notes something about a sandbox that changes no row. */
  async record(sandbox: Pick<Sandbox, 'id' | 'teamId'>, event: LedgerEvent): Promise<void> {
    const entry = this.#entry(sandbox, event)
    await this.#store.events.append(entry)
    this.#log(entry)
  }

  #entry({ id, teamId }: Pick<Sandbox, 'id' | 'teamId'>, { name, data = {} }: LedgerEvent): SandboxEvent {
    return { atMs: this.#clock.nowMs(), sandboxId: id, teamId, name, data }
  }

  #notify(sandbox: Sandbox | undefined): Sandbox | undefined {
    if (sandbox !== undefined) for (const listener of this.#listeners) listener(sandbox)
    return sandbox
  }

  #log(event: SandboxEvent): void {
    this.#logger.info({ sandboxId: event.sandboxId, event: event.name, ...event.data }, event.name)
  }
}
