import { expect, test, vi } from 'vitest'
import type { EngineEvent } from '../engine.ts'
import type { ContractSandboxes } from './contract-sandboxes.ts'
import { expectCode } from './expect-code.ts'

/** Defines the tests of what the host holds, also for a later engine, and what it tells of; `sandboxes` gives those of the current test. */
export function describeAdoptionContract(sandboxes: () => ContractSandboxes): void {
  test('list names every sandbox with its status', async () => {
    const { engine } = sandboxes().harness
    expect(await engine.list()).toEqual([])
    const [created, frozen] = [sandboxes().newSpec(), sandboxes().newSpec()]
    await engine.create(created)
    await sandboxes().startCounting(frozen)
    await engine.freeze(frozen.id)
    const entries = [
      { id: created.id, status: 'created' },
      { id: frozen.id, status: 'frozen' },
    ]
    expect(await engine.list()).toEqual(entries.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
  })

  test('a second engine on the same state adopts created, running and frozen sandboxes', async () => {
    const [created, running, frozen] = [sandboxes().newSpec(), sandboxes().newSpec(), sandboxes().newSpec()]
    await sandboxes().harness.engine.create(created)
    await sandboxes().startCounting(running)
    await sandboxes().startCounting(frozen)
    await sandboxes().harness.engine.freeze(frozen.id)

    const next = sandboxes().harness.reopen()
    expect(await next.status(created.id)).toBe('created')
    expect(await next.status(running.id)).toBe('running')
    expect(await next.status(frozen.id)).toBe('frozen')
    expect(next.build).toEqual(sandboxes().harness.engine.build)
    await next.start(created)
    expect(await sandboxes().ask(created, 'POST', '/counter')).toBe('1')
    expect(await sandboxes().ask(running, 'POST', '/counter')).toBe('2')
    await next.freeze(frozen.id)
    await next.thaw(frozen.id)
    expect(await sandboxes().ask(frozen, 'POST', '/counter')).toBe('2')
    for (const { id } of [created, running, frozen]) {
      await next.destroy(id)
      expect(await sandboxes().harness.leftovers(id)).toEqual([])
    }
    expect(await next.list()).toEqual([])
  })

  test('a sandbox whose processes died is absent, listed, and can be made again', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    await sandboxes().startCounting(spec)
    await sandboxes().harness.crash(spec.id)
    expect(await engine.status(spec.id)).toBe('absent')
    expect(await engine.list()).toEqual([{ id: spec.id, status: 'absent' }])
    await expectCode(engine.freeze(spec.id), 'conflict')
    await sandboxes().startCounting(spec)
  })

  test('onEvent tells that processes ended, once, to every engine that has listeners, and not of what was destroyed', async () => {
    const [crashed, restored, destroyed] = [sandboxes().newSpec(), sandboxes().newSpec(), sandboxes().newSpec()]
    const image = await sandboxes().checkpointed(restored)
    await sandboxes().harness.engine.create(restored)
    await sandboxes().harness.engine.restore(restored, image)
    for (const spec of [crashed, destroyed]) await sandboxes().startCounting(spec)
    const made: EngineEvent[] = []
    const adopted: EngineEvent[] = []
    const ended: EngineEvent[] = []
    sandboxes().harness.engine.onEvent((event) => made.push(event))
    sandboxes().harness.engine.onEvent((event) => ended.push(event))()
    await sandboxes().harness.engine.destroy(destroyed.id)
    sandboxes()
      .harness.reopen()
      .onEvent((event) => adopted.push(event))
    await sandboxes().harness.engine.freeze(restored.id)
    await sandboxes().harness.crash(crashed.id)
    await sandboxes().harness.crash(restored.id)
    const ids = [crashed.id, restored.id].sort()
    for (const events of [made, adopted]) {
      await vi.waitFor(() => expect(events.map(({ id }) => id).sort()).toEqual(ids), { timeout: 5_000 })
      expect(events.every(({ kind }) => kind === 'exited')).toBe(true)
    }
    expect(ended).toEqual([])
  })
}
