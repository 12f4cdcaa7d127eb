import { describe, expect, it } from 'vitest'
import { exitStatus } from './exit-status.ts'

describe('exitStatus()', () => {
  it('speaks of a code as Go does', () => {
    expect(exitStatus(0)).toEqual({ exitCode: 0, exited: true, status: 'exit status 0' })
    expect(exitStatus(2 << 8)).toEqual({ exitCode: 2, exited: true, status: 'exit status 2', error: 'exit status 2' })
  })

  it.each([
    [9, 'signal: killed'],
    [15, 'signal: terminated'],
    [11 | 0x80, 'signal: segmentation fault (core dumped)'],
    [23, 'signal: signal 23'],
  ])('speaks of signal status %s as "%s"', (waitStatus, status) => {
    expect(exitStatus(waitStatus)).toEqual({ exitCode: -1, exited: false, status, error: status })
  })
})
