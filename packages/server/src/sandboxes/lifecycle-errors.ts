import { DrowseError, type ErrorCode, type SandboxId } from '@drowse/protocol'

/** Codes of a node's failures that say more to a client than "the engine failed". */
const TELLING: Partial<Record<ErrorCode, string>> = {
  disk_full: 'the disk is full',
  rate_limited: 'its host has no room at the moment',
  unavailable: 'its host has no room at the moment',
  deadline_exceeded: 'it took too long',
}

/** What those can do who find no room. */
const MAKE_ROOM = 'pause or kill another one, or raise "memoryOvercommit" or "cpuOvercommit"'

/** The answer for an id that does not exist, is gone, or belongs to another team. */
export function sandboxNotFound(id: string): DrowseError {
  return new DrowseError('not_found', `Sandbox "${id}" doesn't exist or you don't have access to it`)
}

/** The answer for a sandbox that is being killed. */
export function sandboxBeingKilled(id: SandboxId): DrowseError {
  return new DrowseError('conflict', `Sandbox "${id}" is being killed`)
}

/** The answer to a plain start of a pause whose daemon did not answer; clients know it by its `error_code` (wire-drift.md §1). */
export function guestWasSilent(id: SandboxId): DrowseError {
  return new DrowseError(
    'conflict',
    `Cannot resume sandbox "${id}": its guest agent did not answer when it was paused; connect with "memory": false to start it from its files`,
    { details: { errorCode: 'sandbox_snapshot_guest_agent_unresponsive' } },
  )
}

/** The answer to a pause that needs a guest agent that answers. */
export function guestIsSilent(id: SandboxId, cause: unknown): DrowseError {
  return new DrowseError('unavailable', `Cannot pause sandbox "${id}": its guest agent does not answer; it runs on`, {
    cause,
    details: { isPublic: true },
  })
}

/**
 * A node's failure as clients may read it: the sentence is safe to send, the node's own words stay in `cause`.
 * `aftermath` says what became of the sandbox.
 */
export function nodeFailure(action: string, id: SandboxId, aftermath: string, cause: unknown): DrowseError {
  const { code } = DrowseError.from(cause)
  const why = TELLING[code]
  const advice = code === 'rate_limited' ? `; ${MAKE_ROOM}` : ''
  return new DrowseError(
    why === undefined ? 'engine_failed' : code,
    `Cannot ${action} sandbox "${id}": ${why ?? 'the engine failed'}; ${aftermath}${advice}`,
    { cause, details: { isPublic: true } },
  )
}
