import { z } from 'zod'

/** How many tests did what. */
export interface TestCounts {
  passed: number
  failed: number
  skipped: number
}

const reportSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
})

/**
 * Counts the tests in a report of vitest's json reporter. A run that failed without a failed test (a file that does not load, a setup that
 * throws), or that left no report, counts as one failure.
 */
export function countTests(report: unknown, exitCode: number): TestCounts {
  const parsed = reportSchema.safeParse(report)
  if (!parsed.success) return { passed: 0, failed: 1, skipped: 0 }
  const { success, numPassedTests, numFailedTests, numPendingTests, numTodoTests } = parsed.data
  const hasFailed = !success || exitCode !== 0
  return {
    passed: numPassedTests,
    failed: hasFailed ? Math.max(1, numFailedTests) : numFailedTests,
    skipped: numPendingTests + numTodoTests,
  }
}

/** Adds up several runs. */
export function sumCounts(runs: readonly TestCounts[]): TestCounts {
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const { passed, failed, skipped } of runs) {
    sum.passed += passed
    sum.failed += failed
    sum.skipped += skipped
  }
  return sum
}

/** The closing line that continuous integration reads. */
export function closingLine({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
