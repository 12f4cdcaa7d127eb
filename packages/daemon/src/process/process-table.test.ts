import type { ProcessSelector } from '@drowse/protocol'
import { afterEach, expect, it, vi } from 'vitest'
import { UserDatabase } from '../users/user-database.ts'
import { Launcher } from './launcher.ts'
import { ProcessTable } from './process-table.ts'

afterEach(() => void vi.useRealTimers())

const by = (selector: ProcessSelector['selector']): ProcessSelector => ({
  $typeName: 'process.ProcessSelector',
  selector,
})

it('ProcessTable keeps the end of a process for 30 s, by pid and by tag, and forgets it then', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  using launcher = new Launcher(new UserDatabase('/'))
  const table = new ProcessTable(launcher)
  const started = table.start({
    config: { $typeName: 'process.ProcessConfig', cmd: '/bin/sh', args: ['-c', 'exit 3'], envs: {} },
    tag: 'brief',
    user: { name: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: '/', groups: [] },
    cwd: '/',
    env: {},
    hasStdin: false,
    terminal: undefined,
  })
  const selectors = [by({ case: 'pid', value: started.pid }), by({ case: 'tag', value: 'brief' })]
  await started.ended
  vi.advanceTimersByTime(29_999)
  for (const selector of selectors) {
    expect(table.getOrEnded(selector)).toMatchObject({ pid: started.pid, status: { exitCode: 3 } })
    expect(() => table.get(selector)).toThrow('not found')
  }
  vi.advanceTimersByTime(1)
  for (const selector of selectors) expect(() => table.getOrEnded(selector)).toThrow('not found')
})
