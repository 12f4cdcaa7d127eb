import { describe, expect, it } from 'vitest'
import { closingLine, countTests, formatFailure, listFailures, sumCounts } from './test-report.ts'

const report = { success: true, numPassedTests: 5, numFailedTests: 0, numPendingTests: 1, numTodoTests: 0 }

describe('countTests()', () => {
  it('takes the numbers of a good run', () => {
    expect(countTests(report, 0)).toEqual({ passed: 5, failed: 0, skipped: 1 })
  })

  it.each([
    ['a file that does not load', { ...report, success: false }, 1],
    ['a leak seen after the tests', report, 1],
    ['no report', undefined, 1],
  ])('counts %s as a failure', (_, value, exitCode) => {
    expect(countTests(value, exitCode).failed).toBe(1)
  })
})

describe('listFailures()', () => {
  const passed = { fullName: 'a wall stands', status: 'passed', failureMessages: [] }
  const failed = {
    fullName: 'a roof keeps the rain out',
    status: 'failed',
    failureMessages: ['AssertionError: it rains\n    at x'],
  }
  const file = { name: '/repo/house.test.ts', status: 'passed', message: '', assertionResults: [passed] }

  it('names each failed test with what went wrong', () => {
    const [failure, ...others] = listFailures({
      testResults: [file, { ...file, status: 'failed', assertionResults: [passed, failed] }],
    })
    expect(others).toEqual([])
    expect(failure && formatFailure(failure, '/repo')).toBe(
      'failed: house.test.ts > a roof keeps the rain out\n  AssertionError: it rains\n      at x',
    )
  })

  it('names a file that did not come to its tests', () => {
    const testResults = [{ ...file, status: 'failed', message: 'SyntaxError: no', assertionResults: [] }]
    expect(listFailures({ testResults }).map((failure) => formatFailure(failure, '/repo'))).toEqual([
      'failed: house.test.ts\n  SyntaxError: no',
    ])
  })

  it('has none without a report', () => {
    expect(listFailures(undefined)).toEqual([])
  })
})

describe('closingLine()', () => {
  it('adds skipped tests only when there are some', () => {
    const run = { passed: 5, failed: 1, skipped: 0 }
    expect(closingLine(sumCounts([run, run]))).toBe('10 passed, 2 failed')
    expect(closingLine({ ...run, skipped: 2 })).toBe('5 passed, 1 failed, 2 skipped')
  })
})
