import { statusConflict } from '../engine-error.ts'
import { callControl } from './control-socket.ts'
import type { GvisorHost } from './gvisor-host.ts'
import type { KnownSandbox } from './known-sandbox.ts'
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
  const method = 'containerManager.Pause'
  await change(host, id, found, { action: 'freeze', method, timeoutMs: FREEZE_TIMEOUT_MS, signal, to: 'frozen' })
}

/** Lets the tasks of a frozen sandbox go on. For holders of the sandbox's turn. */
export async function thawSandbox(host: GvisorHost, id: string, signal: AbortSignal): Promise<void> {
  const found = await requireStatus(host, 'thaw', id, ['running', 'frozen'])
  if (found.status === 'running') return // a resume without a pause makes the Sentry panic
  const method = 'containerManager.Resume'
  await change(host, id, found, { action: 'thaw', method, timeoutMs: CALL_TIMEOUT_MS, signal, to: 'running' })
}

/** A call that changes what a sandbox does. */
interface Change {
  action: 'freeze' | 'thaw'
  /** The Sentry's method. */
  method: string
  timeoutMs: number
  signal: AbortSignal
  to: KnownSandbox['status']
}

/** What was known of the sandbox is forgotten before the call, and what it does then is known after the Sentry's answer. */
async function change(host: GvisorHost, id: string, found: SandboxStatus, call: Change): Promise<void> {
  const { known, stateDirectory } = host
  const { action, to, ...options } = call
  known.delete(id)
  try {
    await callControl({ socketPath: found.socketPath, ...options })
  } catch (error) {
    // What is known of a sandbox does not say that its Sentry has ended.
    if (!(await isContainerProcess(found.pid, { id, stateDirectory }))) throw statusConflict(action, id, 'absent')
    if (to === 'frozen') await takeBackPause(host, id, found)
    throw error
  }
  known.set(id, { ...found, status: to })
}

/** A pause counts as soon as the Sentry has it, also when not every task has stopped in time. */
async function takeBackPause({ logger }: GvisorHost, id: string, { socketPath }: SandboxStatus): Promise<void> {
  try {
    await callControl({ socketPath, method: 'containerManager.Resume', timeoutMs: CALL_TIMEOUT_MS })
  } catch (error) {
    logger.warn({ id, err: error }, 'cannot take back a failed freeze')
  }
}
