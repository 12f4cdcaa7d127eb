import { DrowseError, type SandboxId } from '@drowse/protocol'
import { checkTimeout, extendDeadlines } from './deadlines.ts'
import { sandboxBeingKilled } from './lifecycle-errors.ts'
import type { LifecycleContext, StartResult } from './lifecycle-context.ts'
import { getSandboxRow } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'
import { getSettled } from './settled.ts'
import { startRun } from './start-run.ts'

/** How often `connect` tries to catch a sandbox that is paused between its start and its extension (wire.md §5.3). */
const MAX_ROUNDS = 3

/** What `connect` and `resume` ask for. */
export interface ConnectRequest {
  timeoutMs: number
  /** False boots a paused sandbox from its files; it means nothing for a running one. */
  memory: boolean
}

/**
 * Makes a sandbox run for `timeoutMs` from now at least: a paused one is started with exactly that, a running one is only
 * ever extended. Waits for a pause or a start on its way; any number of callers share one start.
 */
export async function connectSandbox(
  context: LifecycleContext,
  teamId: string,
  id: string,
  request: ConnectRequest,
): Promise<StartResult> {
  checkTimeout(request.timeoutMs, context.planMs)
  const found = await getSandboxRow(context, teamId, id)
  if (found.state === 'killing') throw sandboxBeingKilled(found.id)
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { isStarter, result } = await ensureRunning(context, found.id, request)
    if (isStarter && result.isResumed) return result
    const extended = await context.exclusive(found.id, async () => await extend(context, found.id, request.timeoutMs))
    if (extended !== undefined) return { sandbox: extended, isResumed: false }
  }
  throw new DrowseError('conflict', `Cannot connect to sandbox "${id}": it is paused again and again by others`)
}

/** Starts a paused sandbox; a caller who finds it running already gets "conflict", one who finds it starting joins. */
export async function resumeSandbox(
  context: LifecycleContext,
  teamId: string,
  id: string,
  request: ConnectRequest,
): Promise<Sandbox> {
  checkTimeout(request.timeoutMs, context.planMs)
  const found = await getSandboxRow(context, teamId, id)
  if (found.state === 'killing') throw sandboxBeingKilled(found.id)
  const isJoining = found.state === 'resuming'
  const { isStarter, result } = await ensureRunning(context, found.id, request)
  if (isStarter && !result.isResumed && !isJoining) {
    throw new DrowseError('conflict', `Sandbox ${found.id} is already running`)
  }
  return result.sandbox
}

async function ensureRunning(
  context: LifecycleContext,
  id: SandboxId,
  request: ConnectRequest,
): Promise<{ isStarter: boolean; result: StartResult }> {
  const key = `${id}:${request.memory}`
  const isStarter = !context.starts.has(key)
  const result = await context.starts.run(key, async () => {
    return await context.exclusive(id, async () => {
      const sandbox = await getSettled(context, id)
      if (sandbox.state === 'running') return { sandbox, isResumed: false }
      return { sandbox: await startRun(context, sandbox, { ...request, reason: 'request' }), isResumed: true }
    })
  })
  return { isStarter, result }
}

async function extend(context: LifecycleContext, id: SandboxId, timeoutMs: number): Promise<Sandbox | undefined> {
  const sandbox = await getSettled(context, id)
  if (sandbox.state !== 'running') return undefined
  const deadlines = extendDeadlines(sandbox, context.clock.nowMs(), timeoutMs, context.planMs)
  const isSame = deadlines.endAtMs === sandbox.endAtMs && deadlines.maxEndAtMs === sandbox.maxEndAtMs
  const extended = isSame ? sandbox : await context.ledger.update(sandbox, deadlines)
  if (extended !== undefined) context.activity.touch(id)
  return extended
}
