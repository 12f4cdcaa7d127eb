import { array, assert, asyncProperty, constantFrom, integer, tuple } from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { exitStatus } from './exit-status.ts'
import { OutputFanOut } from './output-fan-out.ts'
import type { OutputSubscription } from './output-subscription.ts'

const LIMITS = { holdBytes: 10, dropBytes: 30, chunkCostBytes: 0, stallMs: 1_000 }
const chunk = (bytes: number) => ({ source: 'stdout' as const, data: new Uint8Array(bytes) })

function fanOut() {
  const held: boolean[] = []
  return { output: new OutputFanOut((isHeld) => held.push(isHeld), LIMITS), held }
}

async function drain(subscription: OutputSubscription): Promise<number> {
  let bytes = 0
  for (;;) {
    const event = await subscription.next(1_000)
    if (event.kind !== 'chunk') return bytes
    bytes += event.chunk.data.byteLength
  }
}

afterEach(() => vi.useRealTimers())

describe('OutputFanOut', () => {
  it('gives each subscriber what comes from its start on, then the end', async () => {
    const { output } = fanOut()
    output.publish(chunk(1))
    const first = output.subscribe()
    output.publish(chunk(2))
    const second = output.subscribe()
    output.publish(chunk(3))
    output.end(exitStatus(0))
    expect(await drain(first)).toBe(5)
    expect(await drain(second)).toBe(3)
    expect(await output.subscribe().next(1_000)).toMatchObject({ kind: 'end', status: { exitCode: 0 } })
  })

  it('holds the process while the quickest subscriber is full, and only then', async () => {
    const { output, held } = fanOut()
    const slow = output.subscribe()
    const quick = output.subscribe()
    output.publish(chunk(10))
    expect(held).toEqual([true])
    await quick.next(1_000)
    expect(held).toEqual([true, false])
    output.publish(chunk(5))
    expect(held).toEqual([true, false])
    quick.close()
    expect(held).toEqual([true, false, true])
    slow.close()
    expect(held).toEqual([true, false, true, false])
  })

  it('waits for a patient subscriber however long it takes nothing, and drops others', () => {
    vi.useFakeTimers()
    const { output, held } = fanOut()
    const patient = output.subscribe({ isPatient: true })
    const other = output.subscribe()
    output.publish(chunk(10))
    vi.advanceTimersByTime(1_000_000)
    expect(held).toEqual([true])
    expect(patient.queuedBytes).toBe(10)
    expect(other.queuedBytes).toBe(0)
  })

  it('drops a subscriber that falls too far behind a quicker one', async () => {
    const { output } = fanOut()
    const slow = output.subscribe()
    const quick = output.subscribe()
    for (let sent = 0; sent < 40; sent += 8) {
      output.publish(chunk(8))
      await quick.next(1_000)
    }
    await expect(slow.next(1_000)).rejects.toThrow('reads too slowly')
    output.publish(chunk(1))
    expect(await quick.next(1_000)).toMatchObject({ kind: 'chunk' })
  })

  it('drops a lone subscriber that reads nothing for the stall time', async () => {
    vi.useFakeTimers()
    const { output, held } = fanOut()
    const dead = output.subscribe()
    output.publish(chunk(12))
    vi.advanceTimersByTime(999)
    expect(held).toEqual([true])
    vi.advanceTimersByTime(1)
    expect(held).toEqual([true, false])
    await expect(dead.next(1_000)).rejects.toThrow('does not read')
  })

  it('tells of silence after the idle time', async () => {
    vi.useFakeTimers()
    const { output } = fanOut()
    const next = output.subscribe().next(50)
    vi.advanceTimersByTime(50)
    expect(await next).toEqual({ kind: 'idle' })
  })

  it('wakes a waiting subscriber that is closed', async () => {
    const subscription = fanOut().output.subscribe()
    const next = subscription.next(60_000)
    subscription.close()
    expect(await next).toEqual({ kind: 'closed' })
  })

  it('loses and repeats no byte for a subscriber that keeps up, whatever the others do', async () => {
    await assert(
      asyncProperty(array(tuple(integer({ min: 0, max: 9 }), constantFrom('take', 'join', 'leave'))), async (steps) => {
        const { output } = fanOut()
        const steady = output.subscribe()
        const others: OutputSubscription[] = []
        let sent = 0
        let got = 0
        for (const [bytes, action] of steps) {
          output.publish(chunk(bytes))
          sent += bytes
          const event = await steady.next(1_000)
          if (event.kind === 'chunk') got += event.chunk.data.byteLength
          if (action === 'join') others.push(output.subscribe())
          if (action === 'leave') others.pop()?.close()
        }
        output.end(exitStatus(0))
        got += await drain(steady)
        expect(got).toBe(sent)
      }),
      { numRuns: 50 },
    )
  })
})
