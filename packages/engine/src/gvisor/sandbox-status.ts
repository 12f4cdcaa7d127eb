import { join } from 'node:path'
import { statusConflict } from '../engine-error.ts'
import type { EngineStatus } from '../engine.ts'
import { callControl } from './control-socket.ts'
import { readContainerState, type ContainerState } from './container-state.ts'
import type { GvisorHost } from './gvisor-host.ts'
import type { KnownSandbox } from './known-sandbox.ts'
import { isContainerProcess } from './processes.ts'
import { findSandboxRecord } from './sandbox-record.ts'
import { showsFrozen } from './task-stacks.ts'

const DUMP_TIMEOUT_MS = 10_000

/** A sandbox's status and what is needed to act on it; the rest means nothing when it is absent. */
export interface SandboxStatus extends Omit<KnownSandbox, 'status'> {
  status: EngineStatus
}

const ABSENT: SandboxStatus = { status: 'absent', socketPath: '', bundle: '', pid: 0 }

/** Finds out what the host holds of `id`: what it does from what is known, else from the files and from the Sentry itself. */
export async function readSandboxStatus(host: GvisorHost, id: string): Promise<SandboxStatus> {
  const { known, stateDirectory } = host
  const found = known.get(id)
  if (found !== undefined && (await isContainerProcess(found.pid, { id, stateDirectory }))) return found
  return await askSandboxStatus(host, id)
}

async function askSandboxStatus(host: GvisorHost, id: string): Promise<SandboxStatus> {
  const { stateDirectory } = host
  const [state, record] = await Promise.all([
    readContainerState(stateDirectory, id),
    findSandboxRecord(stateDirectory, id),
  ])
  if (state === undefined || record === undefined) return ABSENT
  return {
    status: await liveStatus(host, id, state),
    socketPath: state.controlSocketPath,
    bundle: join(record.directory, 'bundle'),
    pid: state.sandboxPid,
  }
}

/**
 * The status when it is one of `legal`; throws "conflict" for any other. What is known is not proven again: the Sentry may have ended
 * since, and then what follows fails.
 */
export async function requireStatus(
  host: GvisorHost,
  action: string,
  id: string,
  legal: readonly EngineStatus[],
): Promise<SandboxStatus> {
  const found = host.known.get(id) ?? (await askSandboxStatus(host, id))
  if (!legal.includes(found.status)) throw statusConflict(action, id, found.status)
  return found
}

async function liveStatus({ stateDirectory }: GvisorHost, id: string, state: ContainerState): Promise<EngineStatus> {
  const isLive = async (): Promise<boolean> => await isContainerProcess(state.sandboxPid, { id, stateDirectory })
  if (!(await isLive())) return 'absent'
  if (state.status === 'created') return 'created'
  if (state.status !== 'running' && state.status !== 'paused') return 'absent'
  try {
    const socketPath = state.controlSocketPath
    const dump = await callControl({ socketPath, method: 'debug.Stacks', timeoutMs: DUMP_TIMEOUT_MS })
    return showsFrozen(String(dump)) ? 'frozen' : 'running'
  } catch (error) {
    if (!(await isLive())) return 'absent' // it died while we asked
    throw error
  }
}
