import { FakeClock } from '@drowse/common'
import { ENVD_PORT, newSandboxId } from '@drowse/protocol'
import { describe, expect, it } from 'vitest'
import { SandboxLimits, type Entry } from './sandbox-limits.ts'

const id = newSandboxId()
const preview = { id, port: 3000 }

function statusOf(entry: Entry): number | 'in' {
  return entry.kind === 'in' ? 'in' : entry.answer.status
}

function leave(entry: Entry): void {
  if (entry.kind === 'in') entry.leave()
}

describe('SandboxLimits', () => {
  it('refuses what would be open above the bound, and lets in again what others leave, once each', () => {
    const limits = new SandboxLimits({ maxConnections: 2, requestsPerSecond: 0 })
    const first = limits.enter(preview)
    const second = limits.enter({ id, port: 8080 })
    expect([first, second, limits.enter(preview)].map(statusOf)).toEqual(['in', 'in', 429])
    leave(first)
    leave(first)
    expect([limits.enter(preview), limits.enter(preview)].map(statusOf)).toEqual(['in', 429])
  })

  it('refuses what comes faster than the bound, and lets it in as time passes', async () => {
    const clock = new FakeClock()
    const limits = new SandboxLimits({ maxConnections: 0, requestsPerSecond: 10 }, clock)
    const burst = (): string => Array.from({ length: 15 }, () => statusOf(limits.enter(preview))).join(' ')
    expect(burst().match(/in/g)).toHaveLength(10)
    await clock.advance(300)
    expect(burst().match(/in/g)).toHaveLength(3)
    await clock.advance(60_000)
    expect(burst().match(/in/g)).toHaveLength(10)
  })

  it('counts the daemon’s port apart, and each sandbox', () => {
    const limits = new SandboxLimits({ maxConnections: 1, requestsPerSecond: 1 })
    const others = [preview, { id, port: ENVD_PORT }, { id: newSandboxId(), port: 3000 }]
    expect(others.map((target) => statusOf(limits.enter(target)))).toEqual(['in', 'in', 'in'])
    expect(others.map((target) => statusOf(limits.enter(target)))).toEqual([429, 429, 429])
  })

  it('forgets sandboxes that nobody asks for', async () => {
    const clock = new FakeClock()
    const limits = new SandboxLimits({ maxConnections: 5, requestsPerSecond: 5 }, clock)
    const open = limits.enter(preview)
    for (let i = 0; i < 100; i++) leave(limits.enter({ id: newSandboxId(), port: 1 }))
    await clock.advance(1_000)
    limits.enter({ id: newSandboxId(), port: 1 })
    expect(limits.size).toBe(2)
    leave(open)
  })
})
