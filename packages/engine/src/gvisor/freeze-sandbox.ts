import { statusConflict } from '../engine-error.ts'
import { callControl } from './control-socket.ts'
import type { GvisorHost } from './gvisor-host.ts'
import { isContainerProcess } from './processes.ts'
import { requireStatus, type SandboxStatus } from './sandbox-status.ts'

/** Most time, in ms, that the Sentry has to bring every task to a stop. */
const FREEZE_TIMEOUT_MS = 30_000
const CALL_TIMEOUT_MS = 10_000

/**
 * Stops every task of a running sandbox; the Sentry answers when the last one stands. When it fails, the sandbox runs on.
 * For holders of the sandbox's turn.
 */
export async function freezeSandbox(host: GvisorHost, id: string, signal: AbortSignal): Promise<void> {
  const found = await requireStatus(host, 'freeze', id, ['running', 'frozen'])
  if (found.status === 'frozen') return // the Sentry counts pauses: a second one would outlast the thaw
  host.known.delete(id)
  try {
    const { socketPath } = found
    await callControl({ socketPath, method: 'containerManager.Pause', timeoutMs: FREEZE_TIMEOUT_MS, signal })
  } catch (error) {
    await assertLive(host, 'freeze', id, found)
    await takeBackPause(host, id, found)
    throw error
  }
  host.known.set(id, { ...found, status: 'frozen' })
}

/** Lets the tasks of a frozen sandbox go on. For holders of the sandbox's turn. */
export async function thawSandbox(host: GvisorHost, id: string, signal: AbortSignal): Promise<void> {
  const found = await requireStatus(host, 'thaw', id, ['running', 'frozen'])
  if (found.status === 'running') return // a resume without a pause makes the Sentry panic
  host.known.delete(id)
  try {
    const { socketPath } = found
    await callControl({ socketPath, method: 'containerManager.Resume', timeoutMs: CALL_TIMEOUT_MS, signal })
  } catch (error) {
    await assertLive(host, 'thaw', id, found)
    throw error
  }
  host.known.set(id, { ...found, status: 'running' })
}

/** Throws "conflict" when the Sentry has ended, which what is known of it does not say. */
async function assertLive(
  { stateDirectory }: GvisorHost,
  action: string,
  id: string,
  { pid }: SandboxStatus,
): Promise<void> {
  if (!(await isContainerProcess(pid, { id, stateDirectory }))) throw statusConflict(action, id, 'absent')
}

/** A pause counts as soon as the Sentry has it, also when not every task has stopped in time. */
async function takeBackPause({ logger }: GvisorHost, id: string, { socketPath }: SandboxStatus): Promise<void> {
  try {
    await callControl({ socketPath, method: 'containerManager.Resume', timeoutMs: CALL_TIMEOUT_MS })
  } catch (error) {
    logger.warn({ id, err: error }, 'cannot take back a failed freeze')
  }
}
