import { describe, expect, it } from 'vitest'
import { exitStatus } from './exit-status.ts'

describe('exitStatus()', () => {
  it('speaks of a code as Go does', () => {
    expect(exitStatus(0, null)).toEqual({ exitCode: 0, exited: true, status: 'exit status 0' })
    expect(exitStatus(2, null)).toEqual({ exitCode: 2, exited: true, status: 'exit status 2', error: 'exit status 2' })
  })

  it.each([
    ['SIGKILL', 'signal: killed'],
    ['SIGTERM', 'signal: terminated'],
    ['SIGSEGV', 'signal: segmentation fault'],
    ['SIGURG', 'signal: signal 23'],
  ] as const)('speaks of %s as "%s"', (signal, status) => {
    expect(exitStatus(null, signal)).toEqual({ exitCode: -1, exited: false, status, error: status })
  })
})
