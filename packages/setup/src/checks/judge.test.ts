import { describe, expect, it } from 'vitest'
import { judgeCgroups } from './check-cgroups.ts'
import { judgeDisk } from './check-disk.ts'
import { judgeKernel } from './check-kernel.ts'

describe('judgeKernel()', () => {
  it.each([
    ['x64', '6.1.0-18-amd64', 'ok'],
    ['x64', '5.10.0', 'ok'],
    ['x64', '5.4.0-200-generic', 'fail'],
    ['x64', '4.19.0', 'fail'],
    ['arm64', '6.1.0', 'fail'],
  ])('judges %s %s as %s and names a fix for what fails', (arch, kernel, status) => {
    const finding = judgeKernel(arch, kernel)
    expect(finding.status).toBe(status)
    expect(finding.fix !== undefined).toBe(status !== 'ok')
  })
})

describe('judgeCgroups()', () => {
  const v1 = (controllers: string): string => `cgroup /sys/fs/cgroup/x cgroup rw,nosuid,${controllers} 0 0\n`

  it('accepts either version', () => {
    expect(judgeCgroups('', 'cpuset cpu io memory pids\n').status).toBe('ok')
    expect(judgeCgroups(v1('cpu,cpuacct') + v1('memory') + v1('pids'), '').status).toBe('ok')
  })

  it('names the missing controller', () => {
    expect(judgeCgroups(v1('cpu') + v1('pids'), '')).toMatchObject({
      status: 'fail',
      detail: 'no controller for memory',
    })
  })
})

describe('judgeDisk()', () => {
  it('asks for more before the first setup than after it', () => {
    expect(judgeDisk(4.5, false, '/d').status).toBe('fail')
    expect(judgeDisk(4.5, true, '/d').status).toBe('ok')
    expect(judgeDisk(2, true, '/d').status).toBe('warn')
    expect(judgeDisk(0.1, true, '/d').status).toBe('fail')
  })
})
