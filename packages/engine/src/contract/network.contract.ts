import { expect, test } from 'vitest'
import type { EgressPolicy } from '../egress/egress-policy.ts'
import type { Engine } from '../engine.ts'
import type { ContractSandboxes } from './contract-sandboxes.ts'
import { expectCode } from './expect-code.ts'

/** Defines the tests of traffic and egress; `sandboxes` gives those of the current test. */
export function describeNetworkContract(sandboxes: () => ContractSandboxes): void {
  test('traffic of a sandbox grows with each run, also over a restart of the service, and is never forgotten', async () => {
    const spec = sandboxes().newSpec()
    const before = { sentBytes: 0, receivedBytes: 0 }
    const grows = async (engine: Engine): Promise<void> => {
      await sandboxes().ask(spec, 'POST', '/counter')
      const now = engine.traffic(spec)
      expect(now.sentBytes).toBeGreaterThan(before.sentBytes)
      expect(now.receivedBytes).toBeGreaterThan(before.receivedBytes)
      Object.assign(before, now)
    }
    const stays = (engine: Engine): void => {
      const now = engine.traffic(spec)
      expect(now.sentBytes).toBeGreaterThanOrEqual(before.sentBytes)
      expect(now.receivedBytes).toBeGreaterThanOrEqual(before.receivedBytes)
      Object.assign(before, now)
    }
    expect(sandboxes().harness.engine.traffic(spec)).toEqual(before)
    await sandboxes().startCounting(spec)
    await grows(sandboxes().harness.engine)
    await sandboxes().harness.engine.freeze(spec.id)
    stays(sandboxes().harness.engine)
    await sandboxes().harness.engine.thaw(spec.id)
    await grows(sandboxes().harness.reopen())
    await sandboxes().harness.engine.destroy(spec.id)
    stays(sandboxes().harness.engine)
    await sandboxes().harness.engine.destroy(spec.id)
    stays(sandboxes().harness.reopen())
    await sandboxes().harness.engine.create(spec)
    stays(sandboxes().harness.engine)
    await sandboxes().harness.engine.start(spec)
    await grows(sandboxes().harness.engine)
    await sandboxes().harness.crash(spec.id)
    stays(sandboxes().harness.engine)
  })

  test('an egress policy is in force from create on, in every status, over a restart of the service, until destroy', async () => {
    const { engine } = sandboxes().harness
    const policy = (deny: string): EgressPolicy => ({ allow: [], deny: [deny], domains: [] })
    const spec = sandboxes().newSpec({ egress: policy('203.0.113.0/24') })
    await engine.create(spec)
    expect(await sandboxes().harness.denied(spec)).toEqual(['203.0.113.0/24'])
    await engine.setEgress(spec.id, policy('198.51.100.0/24'))
    expect(await sandboxes().harness.denied(spec)).toEqual(['198.51.100.0/24'])
    await engine.start(spec)
    await engine.freeze(spec.id)
    await sandboxes().harness.reopen().setEgress(spec.id, policy('192.0.2.7'))
    expect(await engine.status(spec.id)).toBe('frozen')
    expect(await sandboxes().harness.denied(spec)).toEqual(['192.0.2.7'])
    await engine.thaw(spec.id)
    await engine.setEgress(spec.id, undefined)
    await engine.setEgress(spec.id, undefined)
    expect(await sandboxes().harness.denied(spec)).toEqual([])
    await engine.setEgress(spec.id, policy('192.0.2.7'))
    await engine.destroy(spec.id)
    expect(await sandboxes().harness.denied(spec)).toEqual([])
    expect(await sandboxes().harness.leftovers(spec.id)).toEqual([])
  })

  test('setEgress touches no neighbour, and refuses what it cannot put in force', async () => {
    const { engine } = sandboxes().harness
    const [mine, neighbour] = [sandboxes().newSpec(), sandboxes().newSpec()]
    const policy: EgressPolicy = { allow: [], deny: ['0.0.0.0/0'], domains: [] }
    await expectCode(engine.setEgress(mine.id, policy), 'conflict')
    for (const spec of [mine, neighbour]) await engine.create(spec)
    await engine.setEgress(mine.id, policy)
    expect(await sandboxes().harness.denied(neighbour)).toEqual([])
    for (const wrong of ['::/0', '1.2.3.4/33', 'example.com', '1.2.3.4 } accept']) {
      await expectCode(engine.setEgress(mine.id, { ...policy, deny: [wrong] }), 'invalid_argument')
    }
    expect(await sandboxes().harness.denied(mine)).toEqual(['0.0.0.0/0'])
    await engine.destroy(mine.id)
    await expectCode(engine.setEgress(mine.id, policy), 'conflict')
  })
}
