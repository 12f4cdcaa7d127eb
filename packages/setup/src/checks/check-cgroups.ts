import { readFile } from 'node:fs/promises'
import type { Finding } from './finding.ts'

/** Controllers that limit a sandbox. */
const NEEDED = ['cpu', 'memory', 'pids']

/** Checks that the kernel's control groups can limit memory, CPU and processes. */
export async function checkCgroups(): Promise<Finding> {
  const mounts = await readFile('/proc/mounts', 'utf8')
  const unified = await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8').catch(() => '')
  return judgeCgroups(mounts, unified)
}

/** Judges the text of /proc/mounts and of the unified hierarchy's `cgroup.controllers` (empty when there is none). */
export function judgeCgroups(mounts: string, unified: string): Finding {
  const name = 'cgroups'
  const v2 = unified.trim().split(/\s+/)
  if (NEEDED.every((controller) => v2.includes(controller))) return { name, status: 'ok', detail: 'version 2' }
  const v1 = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === 'cgroup')
    .flatMap((fields) => fields[3]?.split(',') ?? [])
  const missing = NEEDED.filter((controller) => !v1.includes(controller) && !v2.includes(controller))
  if (missing.length === 0) return { name, status: 'ok', detail: 'version 1' }
  return {
    name,
    status: 'fail',
    detail: `no controller for ${missing.join(', ')}`,
    fix: missing.includes('memory')
      ? 'Add "cgroup_enable=memory swapaccount=1" to the kernel command line and reboot; in a container, mount the host\'s cgroups.'
      : "Mount the control groups (systemd does) and reboot; in a container, mount the host's cgroups.",
  }
}
