import { DrowseError } from '@drowse/protocol'
import { createSandbox, type CreateRequest } from './create.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { Sandbox } from './sandbox.ts'

/** How long, in ms, a key is kept; clients repeat a create within seconds. */
const RETENTION_MS = 24 * 3_600_000

/** What makes a create repeatable. */
export interface RepeatableCreate {
  /** Chosen by the client; counts within its team. */
  key: string
  /** Equal for equal requests. */
  fingerprint: string
}

/**
 * Creates a sandbox once however often the same request comes with the same key, also over a restart: every repetition
 * gets the first answer, for a day. Throws "unprocessable" for another request with the key and "conflict" while the
 * first is on its way. After a failed create the key is free again.
 */
export async function createSandboxOnce(
  context: LifecycleContext,
  teamId: string,
  request: CreateRequest,
  { key, fingerprint }: RepeatableCreate,
): Promise<Sandbox> {
  const flight = `${teamId}:${key}`
  const inFlight = context.keyedCreates.get(flight)
  if (inFlight !== undefined) {
    checkFingerprint(inFlight, fingerprint)
    throw stillRunning()
  }
  context.keyedCreates.set(flight, fingerprint)
  try {
    return await createOrRepeat(context, teamId, request, { key, fingerprint })
  } finally {
    context.keyedCreates.delete(flight)
  }
}

async function createOrRepeat(
  context: LifecycleContext,
  teamId: string,
  request: CreateRequest,
  { key, fingerprint }: RepeatableCreate,
): Promise<Sandbox> {
  const { idempotency } = context.store
  const nowMs = context.clock.nowMs()
  await idempotency.removeBefore(nowMs - RETENTION_MS)
  const earlier = await findEarlier(context, teamId, { key, fingerprint })
  const created = earlier ?? (await createKeyed(context, teamId, request, { key, fingerprint }))
  await idempotency.setAnswer(teamId, key, JSON.stringify(created))
  return created
}

/** What the key made before, when it still counts. */
async function findEarlier(
  context: LifecycleContext,
  teamId: string,
  { key, fingerprint }: RepeatableCreate,
): Promise<Sandbox | undefined> {
  const { idempotency, sandboxes } = context.store
  const known = await idempotency.find(teamId, key)
  if (known === undefined) return undefined
  checkFingerprint(known.fingerprint, fingerprint)
  if (known.answer !== undefined) return JSON.parse(known.answer) as Sandbox // written by createOrRepeat()
  // A crash came before the answer: the row says what became of the create.
  const sandbox = await sandboxes.find(known.sandboxId)
  if (sandbox?.state === 'creating') throw stillRunning()
  if (sandbox !== undefined && sandbox.state !== 'killing') return sandbox
  await idempotency.remove(teamId, key)
  return undefined
}

async function createKeyed(
  context: LifecycleContext,
  teamId: string,
  request: CreateRequest,
  { key, fingerprint }: RepeatableCreate,
): Promise<Sandbox> {
  let hasKey = false
  try {
    return await createSandbox(context, teamId, request, async (repos, sandboxId) => {
      const createdAtMs = context.clock.nowMs()
      await repos.idempotency.insert({ teamId, key, fingerprint, sandboxId, answer: undefined, createdAtMs })
      hasKey = true
    })
  } catch (error) {
    if (hasKey) await context.store.idempotency.remove(teamId, key)
    throw error
  }
}

function checkFingerprint(known: string, given: string): void {
  if (known === given) return
  throw new DrowseError('unprocessable', 'Cannot create a sandbox: its Idempotency-Key was used for another request')
}

function stillRunning(): DrowseError {
  return new DrowseError(
    'conflict',
    'Cannot create a sandbox: the first request with its Idempotency-Key is on its way',
  )
}
