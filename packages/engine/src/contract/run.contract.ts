import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ContractSandboxes } from './contract-sandboxes.ts'
import { expectCode } from './expect-code.ts'

/** Defines the tests of what a sandbox goes through while it runs; `sandboxes` gives those of the current test. */
export function describeRunContract(sandboxes: () => ContractSandboxes): void {
  test('a sandbox goes through create, start, freeze, thaw and destroy with the status of each', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    expect(await engine.status(spec.id)).toBe('absent')
    await engine.create(spec)
    expect(await engine.status(spec.id)).toBe('created')
    await engine.start(spec)
    expect(await engine.status(spec.id)).toBe('running')
    expect(await sandboxes().ask(spec, 'GET', '/health')).toBe('')
    await engine.freeze(spec.id)
    expect(await engine.status(spec.id)).toBe('frozen')
    await engine.thaw(spec.id)
    expect(await engine.status(spec.id)).toBe('running')
    expect(await sandboxes().ask(spec, 'GET', '/health')).toBe('')
    await engine.destroy(spec.id)
    expect(await engine.status(spec.id)).toBe('absent')
    expect(await sandboxes().harness.leftovers(spec.id)).toEqual([])
  })

  test('a frozen sandbox answers nothing until it is thawed, and then goes on', async () => {
    const spec = sandboxes().newSpec()
    await sandboxes().startCounting(spec)
    await sandboxes().harness.engine.freeze(spec.id)
    let isAnswered = false
    const answer = sandboxes()
      .ask(spec, 'POST', '/counter')
      .finally(() => (isAnswered = true))
    expect(await sandboxes().harness.engine.memoryBytes(spec.id)).toBeGreaterThan(0)
    expect(isAnswered).toBe(false)
    await sandboxes().harness.engine.thaw(spec.id)
    expect(await answer).toBe('2')
  })

  test('usage of a sandbox that runs, and of one that does not', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    expect(engine.usage(spec.id)).toBeUndefined()
    await sandboxes().startCounting(spec)
    const before = engine.usage(spec.id)
    expect(before).toMatchObject({ cacheBytes: expect.any(Number) })
    expect(before?.memoryBytes).toBeGreaterThan(0)
    for (let i = 0; i < 20; i++) await sandboxes().ask(spec, 'POST', '/counter')
    expect(engine.usage(spec.id)?.cpuMs).toBeGreaterThan(before?.cpuMs ?? Infinity)
    await engine.destroy(spec.id)
    expect(engine.usage(spec.id)).toBeUndefined()
  })

  test('freeze, thaw and destroy can be repeated', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    await sandboxes().startCounting(spec)
    await engine.thaw(spec.id)
    for (let round = 0; round < 3; round++) {
      await engine.freeze(spec.id)
      await engine.freeze(spec.id)
      expect(await engine.status(spec.id)).toBe('frozen')
      await engine.thaw(spec.id)
      await engine.thaw(spec.id)
      expect(await engine.status(spec.id)).toBe('running')
    }
    expect(await sandboxes().ask(spec, 'GET', '/counter')).toBe('1')
    await engine.destroy(spec.id)
    await engine.destroy(spec.id)
    await engine.destroy('never-made')
  })

  test('calls that are not legal in the current status fail with "conflict" and change nothing', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    const image = join(sandboxes().directory, 'never')
    const all = {
      start: () => engine.start(spec),
      restore: () => engine.restore(spec, image),
      freeze: () => engine.freeze(spec.id),
      thaw: () => engine.thaw(spec.id),
      checkpoint: () => engine.checkpoint(spec.id, image),
      memoryBytes: () => engine.memoryBytes(spec.id),
    }
    const expectConflicts = async (calls: readonly (keyof typeof all)[]): Promise<void> => {
      const before = await engine.status(spec.id)
      for (const call of calls) await expectCode(all[call](), 'conflict')
      expect(await engine.status(spec.id)).toBe(before)
    }
    await expectConflicts(['start', 'restore', 'freeze', 'thaw', 'checkpoint', 'memoryBytes'])
    await engine.create(spec)
    await expectConflicts(['freeze', 'thaw', 'checkpoint', 'memoryBytes'])
    await engine.start(spec)
    await expectConflicts(['start', 'restore', 'checkpoint'])
    await engine.freeze(spec.id)
    await expectConflicts(['start', 'restore'])
  })
}
