import * as fc from 'fast-check'
import { test } from 'vitest'
import { openTestStore } from '../testing/harness.ts'
import { anything } from '../testing/model/commands.ts'
import { SandboxModel } from '../testing/model/sandbox-model.ts'
import { Subject } from '../testing/model/subject.ts'

/** Sequences a run; `DROWSE_TEST_RUNS` makes it more. */
const RUNS = Number(process.env['DROWSE_TEST_RUNS'] ?? 2000)
/** A failure prints its seed; `DROWSE_TEST_SEED` repeats it. */
const SEED = Number(process.env['DROWSE_TEST_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))

test(
  'the lifecycle does what the plain model of wire.md §5 does, whatever comes in which order',
  { timeout: 600_000 },
  async () => {
    process.stdout.write(`lifecycle model: seed ${SEED}, ${RUNS} sequences\n`)
    await using store = await openTestStore()
    await fc.assert(
      fc.asyncProperty(fc.commands([anything], { maxCommands: 40, size: 'max' }), async (sequence) => {
        const subject = await Subject.start(store)
        const model = new SandboxModel(subject.harness.clock.nowMs())
        await fc.asyncModelRun(() => ({ model, real: subject }), sequence)
        await subject.harness.service[Symbol.asyncDispose]()
      }),
      { seed: SEED, numRuns: RUNS },
    )
  },
)
