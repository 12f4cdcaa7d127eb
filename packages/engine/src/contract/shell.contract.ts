import { expect, test } from 'vitest'
import type { ContractSandboxes } from './contract-sandboxes.ts'

/** Defines the tests of the container shell that `create` makes or keeps; `sandboxes` gives those of the current test. */
export function describeShellContract(sandboxes: () => ContractSandboxes): void {
  test('start after destroy begins with nothing in memory', async () => {
    const spec = sandboxes().newSpec()
    await sandboxes().startCounting(spec)
    await sandboxes().harness.engine.destroy(spec.id)
    await sandboxes().startCounting(spec)
  })

  test('create keeps a shell that was made for the same spec, also one of an earlier engine', async () => {
    const spec = sandboxes().newSpec()
    const image = await sandboxes().checkpointed(spec)
    await sandboxes().harness.engine.create(spec)
    await sandboxes().harness.engine.create(spec)
    const next = sandboxes().harness.reopen()
    await next.create({ ...spec })
    expect(await next.status(spec.id)).toBe('created')
    await next.restore(spec, image)
    expect(await sandboxes().ask(spec, 'POST', '/counter')).toBe('2')
  })

  test('create makes another shell for another spec', async () => {
    const spec = sandboxes().newSpec()
    await sandboxes().harness.engine.create(spec)
    const other = { ...spec, network: { slot: sandboxes().newSlot() } }
    await sandboxes().harness.engine.create(other)
    await sandboxes().harness.engine.start(other)
    expect(await sandboxes().ask(other, 'POST', '/counter')).toBe('1')
  })

  test('create makes another shell when the one that is there has died', async () => {
    const spec = sandboxes().newSpec()
    await sandboxes().harness.engine.create(spec)
    await sandboxes().harness.crash(spec.id)
    expect(await sandboxes().harness.engine.status(spec.id)).toBe('absent')
    await sandboxes().harness.engine.create(spec)
    await sandboxes().harness.engine.start(spec)
    expect(await sandboxes().ask(spec, 'POST', '/counter')).toBe('1')
  })

  test('create removes a running sandbox of the same id', async () => {
    const spec = sandboxes().newSpec()
    await sandboxes().startCounting(spec)
    await sandboxes().harness.engine.create(spec)
    expect(await sandboxes().harness.engine.status(spec.id)).toBe('created')
  })
}
