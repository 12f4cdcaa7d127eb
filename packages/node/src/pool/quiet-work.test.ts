import { FakeClock, silentLogger } from '@drowse/common'
import { newSandboxId } from '@drowse/protocol'
import { beforeEach, describe, expect, it } from 'vitest'
import { BackgroundWork } from '../background-work.ts'
import { KillableOperations } from '../killable-operations.ts'
import { QuietWork } from './quiet-work.ts'

describe('QuietWork', () => {
  let clock: FakeClock
  let operations: KillableOperations
  let runs: number
  let quiet: QuietWork

  beforeEach(() => {
    clock = new FakeClock()
    operations = new KillableOperations()
    runs = 0
    const parts = { clock, operations, background: new BackgroundWork({ logger: silentLogger }) }
    quiet = new QuietWork({
      context: () => parts,
      what: 'count',
      work: async () => void runs++,
    })
  })

  it('works once after 200 ms, however often it is asked', async () => {
    quiet.soon()
    await clock.advance(199)
    quiet.soon()
    expect(runs).toBe(0)
    await clock.advance(1)
    expect(runs).toBe(1)
    await clock.advance(1_000)
    expect(runs).toBe(1)
    quiet.soon()
    await clock.advance(200)
    expect(runs).toBe(2)
  })

  it('waits for another quiet moment while an operation is under way', async () => {
    const end = Promise.withResolvers<void>()
    const operation = operations.run(newSandboxId(), () => end.promise)
    quiet.soon()
    await clock.advance(1_000)
    expect(runs).toBe(0)
    end.resolve()
    await operation
    await clock.advance(200)
    expect(runs).toBe(1)
  })

  it('does no more after a stop', async () => {
    quiet.soon()
    quiet.stop()
    quiet.soon()
    await clock.advance(1_000)
    expect(runs).toBe(0)
    expect(quiet.isStopped).toBe(true)
  })
})
