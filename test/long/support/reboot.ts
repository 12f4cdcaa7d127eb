import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exec, pollUntil } from '@drowse/common'
import { instanceName } from '@drowse/node'
import type { Installation } from '../../platform/support/drowse.ts'

/**
 * Does to one installation what a reboot does to all: every process of it ends at once, its mounts, namespaces and links are gone,
 * and so are runsc's control sockets. Files on disk stay. The service must have ended before.
 */
export async function reboot({ data }: Installation): Promise<void> {
  const root = `--root=${join(data, 'runsc')}`
  await pollUntil(
    async () => {
      const pids = processesWith(root)
      for (const pid of pids) kill(pid)
      return pids.length === 0 ? true : undefined
    },
    { intervalMs: 20, maxIntervalMs: 100, signal: AbortSignal.timeout(20_000) },
  )
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${join(data, 'sandboxes')}/`))
  for (const path of mounts) await exec('umount', ['--lazy', path])
  const instance = instanceName(data)
  for (const name of readdirSync('/run/netns').filter((name) => name.startsWith(`drowse-${instance}-`))) {
    await exec('ip', ['netns', 'del', name])
  }
  for (const name of readdirSync('/sys/class/net').filter((name) => name.startsWith(`dw${instance}-`))) {
    // The kernel may be taking it away already, with its namespace.
    await exec('ip', ['link', 'del', name]).catch(() => undefined)
  }
  await exec('nft', ['delete', 'table', 'inet', `drowse_${instance}`]).catch(() => undefined)
}

function processesWith(argument: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(argument)
      } catch {
        return false
      }
    })
    .map(Number)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // ended meanwhile
  }
}
