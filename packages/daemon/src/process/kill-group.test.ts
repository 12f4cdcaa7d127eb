import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it, vi } from 'vitest'
import { killGroup } from './kill-group.ts'
import { sessionMembers } from './session-members.ts'

it('killGroup() ends all of a group, also what forks meanwhile, and says when there is none', async () => {
  const script = 'while :; do (sleep 300 & sleep 300) & sleep 0.01; done'
  const shell = spawn('bash', ['-c', script], { detached: true, stdio: 'ignore' })
  const group = shell.pid ?? 0
  await vi.waitFor(() => expect(sessionMembers(group).length).toBeGreaterThan(10), { timeout: 10_000 })
  expect(killGroup(group)).toBe(true)
  await once(shell, 'exit')
  await vi.waitFor(() => expect(sessionMembers(group)).toEqual([]), { timeout: 10_000 })
  expect(killGroup(2 ** 22 - 1)).toBe(false)
}, 30_000)
