import { timingSafeEqual } from 'node:crypto'
import { DrowseError } from '@drowse/protocol'
import type { TeamRepo } from '../store/repos/team-repo.ts'
import { hashApiKey } from './api-key.ts'

/** The id of the team that owns `key`. Throws "unauthenticated". */
export async function authenticate(teams: TeamRepo, key: string | undefined): Promise<string> {
  if (key === undefined || key === '') {
    throw new DrowseError('unauthenticated', 'The API key is missing; send it in the X-API-KEY header')
  }
  const hash = hashApiKey(key)
  const found = await teams.findKeyByHash(hash)
  if (found === undefined || !timingSafeEqual(Buffer.from(found.hash), Buffer.from(hash))) {
    throw new DrowseError('unauthenticated', 'The API key is not valid; "drowse env" prints one that is')
  }
  return found.teamId
}
