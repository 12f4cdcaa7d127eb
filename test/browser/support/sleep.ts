import { Sandbox } from 'e2b'
import { engineProcesses, detailOf } from '../../platform/support/inspect.ts'
import type { Installation } from '../../platform/support/drowse.ts'
import { until } from '../../platform/support/sandboxes.ts'

/** How a sandbox is made that sleeps at the end of its time and that a visitor wakes. */
export const SLEEPY = { timeoutMs: 120_000, lifecycle: { onTimeout: 'pause', autoResume: true } } as const

/** Lets the time of a sandbox be up, and waits until it is saved. */
export async function fallAsleep(id: string): Promise<void> {
  await Sandbox.setTimeout(id, 0)
  await until(async () => (await detailOf(id)).drowse.tier !== undefined)
}

/** Whether a sandbox sleeps, or is on its way there or back. Asking does not wake it. */
export async function isAsleep(id: string): Promise<boolean> {
  return (await detailOf(id)).state === 'paused'
}

/** Keeps a sandbox that sleeps in RAM from waking until the returned function is called, as a host does that has no time for it: its engine's processes are stopped. */
export function holdAsleep(installation: Installation, id: string): () => void {
  const pids = engineProcesses(installation, id)
  if (pids.length === 0) throw new Error(`sandbox ${id} has no engine process`)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return () => {
    for (const pid of pids.splice(0)) process.kill(pid, 'SIGCONT')
  }
}
