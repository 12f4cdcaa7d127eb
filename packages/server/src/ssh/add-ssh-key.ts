import { randomUUID } from 'node:crypto'
import type { Clock } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { parsePublicKey } from '@drowse/ssh'
import type { SshKey, SshKeyRepo } from '../store/repos/ssh-key-repo.ts'

/** Most public keys of one team. */
const MAX_KEYS = 200

/**
 * Adds a public key to a team; its comment is its name unless one is given. Throws "invalid_argument" for what is no key, "conflict" for
 * one that the team has and for one too many.
 */
export async function addSshKey(
  keys: SshKeyRepo,
  clock: Clock,
  request: { teamId: string; publicKey: string; name: string | undefined },
): Promise<SshKey> {
  const { type, publicKey, fingerprint, comment } = parsePublicKey(request.publicKey)
  const present = await keys.list(request.teamId)
  if (present.length >= MAX_KEYS) {
    throw new DrowseError(
      'conflict',
      `Cannot add the key: the team has ${MAX_KEYS}, which is the most; remove one first`,
    )
  }
  const key: SshKey = {
    id: randomUUID(),
    teamId: request.teamId,
    name: request.name ?? comment.slice(0, 100),
    type,
    publicKey,
    fingerprint,
    createdAtMs: clock.nowMs(),
  }
  if (!(await keys.insert(key))) throw new DrowseError('conflict', `The team has the key ${fingerprint} already`)
  return key
}
