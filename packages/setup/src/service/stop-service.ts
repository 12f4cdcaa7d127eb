import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { deadline, pollUntil } from '@drowse/common'
import type { DataFolder } from '@drowse/node'
import { processStartTime } from '../host/process-identity.ts'
import { findRunningService } from './service-record.ts'

/** Time, in ms, that a service has to finish what it is doing. */
const STOP_TIMEOUT_MS = 45_000
const KILL_TIMEOUT_MS = 10_000

/** How a service was stopped. */
export type StopOutcome = 'not running' | 'stopped' | 'killed'

/** Stops the service of a data folder and waits for its end; its sandboxes go on. One that does not end in time is killed, which loses nothing. */
export async function stopService(folder: DataFolder): Promise<StopOutcome> {
  const service = await findRunningService(folder)
  if (service === undefined) return 'not running'
  const ended = async (): Promise<true | undefined> =>
    (await processStartTime(service.pid)) === service.startTime ? undefined : true
  const wait = (timeoutMs: number): Promise<true> =>
    pollUntil(ended, { intervalMs: 20, maxIntervalMs: 200, signal: deadline(timeoutMs, 'stop the service') })
  let outcome: StopOutcome = 'stopped'
  signalProcess(service.pid, 'SIGTERM')
  try {
    await wait(STOP_TIMEOUT_MS)
  } catch {
    outcome = 'killed'
    signalProcess(service.pid, 'SIGKILL')
    await wait(KILL_TIMEOUT_MS)
  }
  await rm(join(folder.run, 'service.json'), { force: true })
  return outcome
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // it ended by itself
  }
}
