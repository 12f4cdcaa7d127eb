import type { Clock, Logger } from '@drowse/common'
import type { SandboxState } from '@drowse/protocol'
import type { EventName, SandboxEvent } from '../events/event.ts'
import type { SandboxVersion } from '../store/repos/sandbox-repo.ts'
import type { Repos, Store } from '../store/store.ts'
import type { Sandbox, SandboxPatch } from './sandbox.ts'

/** What to note about a change, in the same transaction. */
export interface LedgerEvent {
  name: EventName
  data?: SandboxEvent['data']
}

/** Most events kept, over all sandboxes; the oldest go first. At some 200 bytes each, 20 MB. */
const MAX_EVENTS = 100_000
/** How many new events there are between two removals of old ones. */
const PRUNE_EVERY = 1_000

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
  #eventsSincePrune = PRUNE_EVERY

  constructor(options: { store: Store; clock: Clock; logger: Logger }) {
    this.#store = options.store
    this.#clock = options.clock
    this.#logger = options.logger
  }

  /** Adds a listener for every change of a row; it must not throw. */
  subscribe(listener: LedgerListener): void {
    this.#listeners.push(listener)
  }

  /** Adds a new sandbox; `withIt` writes what belongs to it, in the same transaction. */
  async insert(sandbox: Sandbox, withIt?: (repos: Repos) => Promise<void>): Promise<void> {
    if (withIt === undefined) return await this.#store.sandboxes.insert(sandbox)
    await this.#store.transaction(async (repos) => {
      await repos.sandboxes.insert(sandbox)
      await withIt(repos)
    })
  }

  /** Compare-and-set of the state; undefined when the sandbox is not as `from` says any more. */
  async transition(
    from: SandboxVersion & Pick<Sandbox, 'teamId'>,
    to: SandboxState,
    patch: SandboxPatch = {},
    event?: LedgerEvent,
  ): Promise<Sandbox | undefined> {
    return await this.#write(from, event, async ({ sandboxes }) => await sandboxes.transition(from, to, patch))
  }

  /**
   * As {@link transition}, for a change whose subject a loss of power takes along: it does not wait for the disk. The end of this
   * process does not lose it, and the next write that waits brings it to disk too.
   */
  async transitionSoftly(
    from: SandboxVersion & Pick<Sandbox, 'teamId'>,
    to: SandboxState,
    patch: SandboxPatch = {},
    event?: LedgerEvent,
  ): Promise<Sandbox | undefined> {
    const change = async ({ sandboxes }: Repos): Promise<Sandbox | undefined> =>
      await sandboxes.transition(from, to, patch, { isSoft: true })
    return await this.#write(from, event, change, { isSoft: true })
  }

  /** Compare-and-set of fields; undefined when the sandbox is not as `from` says any more. */
  async update(
    from: SandboxVersion & Pick<Sandbox, 'teamId'>,
    patch: SandboxPatch,
    event?: LedgerEvent,
  ): Promise<Sandbox | undefined> {
    return await this.#write(from, event, async ({ sandboxes }) => await sandboxes.update(from, patch))
  }

  /** Removes a row; its events stay. */
  async remove(from: SandboxVersion): Promise<boolean> {
    return await this.#store.sandboxes.remove(from)
  }

  /** Notes something about a sandbox that changes no row. */
  async record(sandbox: Pick<Sandbox, 'id' | 'teamId'>, event: LedgerEvent): Promise<void> {
    const entry = this.#entry(sandbox, event)
    await this.#store.events.append(entry)
    await this.#noted(entry)
  }

  async #write(
    from: Pick<Sandbox, 'id' | 'teamId'>,
    event: LedgerEvent | undefined,
    change: (repos: Repos) => Promise<Sandbox | undefined>,
    options?: { isSoft: boolean },
  ): Promise<Sandbox | undefined> {
    if (event === undefined) return this.#notify(await change(this.#store))
    const entry = this.#entry(from, event)
    const changed = await this.#store.transaction(async (repos) => {
      const row = await change(repos)
      if (row !== undefined) await repos.events.append(entry)
      return row
    }, options)
    if (changed === undefined) return undefined
    await this.#noted(entry)
    return this.#notify(changed)
  }

  #entry({ id, teamId }: Pick<Sandbox, 'id' | 'teamId'>, { name, data = {} }: LedgerEvent): SandboxEvent {
    return { atMs: this.#clock.nowMs(), sandboxId: id, teamId, name, data }
  }

  #notify(sandbox: Sandbox | undefined): Sandbox | undefined {
    if (sandbox !== undefined) for (const listener of this.#listeners) listener(sandbox)
    return sandbox
  }

  /** Logs an event that is stored, and now and then removes the oldest; a failure of that leaves them for the next time. */
  async #noted(event: SandboxEvent): Promise<void> {
    this.#logger.info({ sandboxId: event.sandboxId, event: event.name, ...event.data }, event.name)
    if (++this.#eventsSincePrune < PRUNE_EVERY) return
    this.#eventsSincePrune = 0
    try {
      await this.#store.events.prune(MAX_EVENTS)
    } catch (error) {
      this.#logger.error({ err: error }, 'could not remove old events; trying again later')
    }
  }
}
