import { relative } from 'node:path'
import { z } from 'zod'

/** How many tests did what. */
export interface TestCounts {
  passed: number
  failed: number
  skipped: number
}

/** A test, or a whole file, that failed. */
export interface TestFailure {
  /** Path of the file, as the report has it. */
  file: string
  /** Names of the groups and of the test; empty when the file itself failed. */
  test: string
  /** The beginning of what went wrong. */
  message: string
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

const failuresSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string(),
      assertionResults: z.array(
        z.object({ fullName: z.string(), status: z.string(), failureMessages: z.array(z.string()) }),
      ),
    }),
  ),
})

/** Lines of a failure's message that are kept: its sentence and what was expected, without the stack. */
const LINES_OF_A_FAILURE = 12

/** The failed tests in a report of vitest's json reporter, and the files that failed as a whole; none when there is no report. */
export function listFailures(report: unknown): TestFailure[] {
  const parsed = failuresSchema.safeParse(report)
  if (!parsed.success) return []
  return parsed.data.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed')
    if (failed.length === 0) return status === 'failed' ? [{ file: name, test: '', message: beginning(message) }] : []
    return failed.map((test) => ({
      file: name,
      test: test.fullName,
      message: beginning(test.failureMessages.join('\n')),
    }))
  })
}

function beginning(message: string): string {
  return message.trim().split('\n').slice(0, LINES_OF_A_FAILURE).join('\n')
}

/** Writes a failure for the end of a run, with the file as it is called in the repository. */
export function formatFailure({ file, test, message }: TestFailure, repository: string): string {
  const title = [relative(repository, file), test].filter((part) => part !== '').join(' > ')
  return [`failed: ${title}`, ...message.split('\n').map((line) => `  ${line}`)].join('\n')
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
