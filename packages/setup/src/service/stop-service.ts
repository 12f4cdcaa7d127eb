import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataFolder } from '@drowse/node'
import { endProcess } from '../host/end-process.ts'
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
  const wasKilled = await endProcess(service.pid, service.startTime, {
    operation: 'stop the service',
    termTimeoutMs: STOP_TIMEOUT_MS,
    killTimeoutMs: KILL_TIMEOUT_MS,
  })
  await rm(join(folder.run, 'service.json'), { force: true })
  return wasKilled ? 'killed' : 'stopped'
}
