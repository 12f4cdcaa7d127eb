import { deadline, pollUntil } from '@drowse/common'
import { callControl } from './control-socket.ts'
import type { GvisorHost } from './gvisor-host.ts'
import { requireStatus } from './sandbox-status.ts'

/** Most time, in ms, that the Sentry has to bring every task to a stop. */
const FREEZE_TIMEOUT_MS = 30_000
const CALL_TIMEOUT_MS = 10_000

/** Stops every task of a running sandbox and waits until all of them are seen stopped. When it fails, the sandbox runs on. */
export async function freezeSandbox(host: GvisorHost, id: string, signal: AbortSignal): Promise<void> {
  const { status, socketPath } = await requireStatus(host, 'freeze', id, ['running', 'frozen'])
  if (status === 'frozen') return // the Sentry counts pauses: a second one would outlast the thaw
  try {
    await callControl({ socketPath, method: 'containerManager.Pause', timeoutMs: FREEZE_TIMEOUT_MS, signal })
    const probe = async (): Promise<true | undefined> => {
      const now = await requireStatus(host, 'freeze', id, ['running', 'frozen'])
      return now.status === 'frozen' ? true : undefined
    }
    // The last tasks may still be on their way into the stop.
    const limit = deadline(CALL_TIMEOUT_MS, `see sandbox "${id}" frozen`, signal)
    await pollUntil(probe, { intervalMs: 1, maxIntervalMs: 20, signal: limit })
  } catch (error) {
    await takeBackPause(host, id, socketPath)
    throw error
  }
}

/** Lets the tasks of a frozen sandbox go on. */
export async function thawSandbox(host: GvisorHost, id: string, signal: AbortSignal): Promise<void> {
  const { status, socketPath } = await requireStatus(host, 'thaw', id, ['running', 'frozen'])
  if (status === 'running') return // a resume without a pause makes the Sentry panic
  await callControl({ socketPath, method: 'containerManager.Resume', timeoutMs: CALL_TIMEOUT_MS, signal })
}

/** A pause counts as soon as the Sentry has it, also when not every task has stopped in time. */
async function takeBackPause({ logger }: GvisorHost, id: string, socketPath: string): Promise<void> {
  try {
    await callControl({ socketPath, method: 'containerManager.Resume', timeoutMs: CALL_TIMEOUT_MS })
  } catch (error) {
    logger.warn({ id, err: error }, 'cannot take back a failed freeze')
  }
}
