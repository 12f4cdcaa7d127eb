import { describe, expect, test } from 'vitest'
import { showsFrozen } from './task-stacks.ts'

const task = (state: string, frame: string): string => `goroutine 14 [${state}]:
sync.runtime_notifyListWait(0x26aea02e4938, 0x0)
	runtime/sema.go:617 +0x1b3
${frame}
gvisor.dev/gvisor/pkg/sentry/kernel.(*Task).run(0x26aea02e4008, 0x1)
	gvisor.dev/gvisor/pkg/sentry/kernel/task_run.go:88 +0x1ec`
const stop = 'gvisor.dev/gvisor/pkg/sentry/kernel.(*Task).doStop(0x26aea02e4008)'
const app = 'gvisor.dev/gvisor/pkg/sentry/kernel.(*runApp).execute(0x0, 0x26aea02e4008)'
const other = 'goroutine 1 [select]:\nmain.main()\n\truntime/proc.go:1'

describe('showsFrozen', () => {
  test('is true when every task waits in its stop, however long', () => {
    const tasks = [task('sync.Cond.Wait', stop), task('sync.Cond.Wait, 12 minutes', stop)]
    expect(showsFrozen([other, ...tasks].join('\n\n'))).toBe(true)
  })

  test('is false when one task runs', () => {
    expect(showsFrozen([task('sync.Cond.Wait', stop), task('running', app)].join('\n\n'))).toBe(false)
  })

  test('is false for a task that has been told to go on and has not come to it yet', () => {
    expect(showsFrozen(task('runnable', stop))).toBe(false)
  })

  test('is false when there is no task', () => {
    expect(showsFrozen(other)).toBe(false)
    expect(showsFrozen('')).toBe(false)
  })
})
