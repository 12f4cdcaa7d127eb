import { DrowseError, type SandboxId } from '@drowse/protocol'
import { expect } from 'vitest'
import type { ServerStep } from '../../sandboxes/steps.ts'
import type { Store } from '../../store/store.ts'
import { Harness, TEAM } from '../harness.ts'
import type { ModelAttributes, ModelSandbox, SandboxModel } from './sandbox-model.ts'

/** The service that a model is compared with. */
export class Subject {
  readonly harness: Harness
  readonly #connections = new Map<SandboxId, (() => void)[]>()

  private constructor(harness: Harness) {
    this.harness = harness
  }

  /** Makes one over `store`, which is emptied first. */
  static async start(store: Store): Promise<Subject> {
    for (const sandbox of await store.sandboxes.all()) await store.sandboxes.remove(sandbox)
    await store.events.prune(0)
    const subject = new Subject(await Harness.start(store))
    subject.#cutAtStops()
    return subject
  }

  async create(attributes: ModelAttributes): Promise<SandboxId> {
    const { isLegacyWakeable, idleS, ...rest } = attributes
    return await this.harness.create({
      ...rest,
      metadata: {
        ...(isLegacyWakeable ? { auto_resume: 'true' } : {}),
        ...(idleS === undefined ? {} : { idle_timeout: String(idleS) }),
      },
    })
  }

  openConnection(id: SandboxId): void {
    this.#connections.set(id, [...(this.#connections.get(id) ?? []), this.harness.openConnection(id)])
  }

  closeConnection(id: SandboxId): void {
    this.#connections.get(id)?.pop()?.()
  }

  /** Code of the error that `work` fails with, or "ok". */
  async outcome(work: Promise<unknown>): Promise<string> {
    try {
      await work
      return 'ok'
    } catch (error) {
      return DrowseError.from(error).code
    }
  }

  /** Ends the service as kill -9 does, lets `downMs` go by, and starts another. */
  async restart(downMs: number): Promise<void> {
    this.harness.crash()
    this.#connections.clear()
    await this.harness.pass(downMs / 1000)
    await this.harness.restart()
    this.#cutAtStops()
    await this.harness.pass(0)
  }

  /** Does `work`, which the service does not survive beyond `step`, and starts another service. Says whether the step came. */
  async crashAt(step: ServerStep, work: () => Promise<unknown>): Promise<void> {
    const crashed = this.harness.crashAt(step)
    await Promise.race([crashed, work().catch(() => {})])
    expect(this.harness.steps.at(-1)).toBe(step)
    await this.restart(0)
  }

  /** Compares everything that can be seen with the model. */
  async check(model: SandboxModel): Promise<void> {
    const { service, store, node } = this.harness
    expect(this.harness.clock.nowMs()).toBe(model.nowMs)
    const page = await service.list({ teamId: TEAM, states: ['running', 'paused'], order: 'asc', limit: 100 })
    const expected = [...model.sandboxes.values()].map((sandbox) => describeModel(model, sandbox))
    const seen = await Promise.all(
      page.sandboxes.map(async ({ sandbox: row }) => {
        const held = await node.find(row.id)
        return {
          id: row.id,
          state: row.state,
          startedAtMs: row.startedAtMs,
          endAtMs: row.endAtMs,
          pauseMode: row.pauseMode,
          wasGuestSilent: row.wasGuestSilent,
          isCold: row.coldReason !== undefined,
          held: held?.status,
          hasMemory: held?.hasMemory,
        }
      }),
    )
    expect(byId(seen)).toEqual(byId(expected))
    const ids = [...model.sandboxes.keys()].toSorted()
    expect((await store.sandboxes.all()).map((row) => row.id).toSorted()).toEqual(ids)
    expect((await node.inventory()).map((entry) => entry.id).toSorted()).toEqual(ids)
  }

  /** As the gateway does. */
  #cutAtStops(): void {
    this.harness.service.onStopped((id) => {
      for (const close of this.#connections.get(id) ?? []) close()
      this.#connections.delete(id)
    })
  }
}

function describeModel(model: SandboxModel, sandbox: ModelSandbox): object {
  const { id, state, startedAtMs, wasGuestSilent, isCold, hasMemory, isFilesOnly } = sandbox
  const isDead = state === 'paused' && !hasMemory && !isFilesOnly
  return {
    id,
    state,
    startedAtMs,
    endAtMs: model.endAtMs(sandbox),
    pauseMode: state === 'running' || isDead ? undefined : isFilesOnly ? 'filesystem' : 'full',
    wasGuestSilent,
    isCold,
    held: state,
    hasMemory,
  }
}

function byId<T extends object>(list: T[]): T[] {
  return list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
