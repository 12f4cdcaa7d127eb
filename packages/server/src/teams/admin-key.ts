import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { ensureDirectory, readIfThere, writeFileAtomic, type Clock } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import type { Team, TeamRepo } from '../store/repos/team-repo.ts'
import type { Store } from '../store/store.ts'
import { apiKeyRecord, hashApiKey, newApiKey } from './api-key.ts'

/**
 * Makes the key in `<secrets>/api-key` valid. The file wins: a key in it that the store does not know is added. Without
 * a file and without any key in the store, a new key is made and written (mode 0600).
 */
export async function ensureAdminKey(store: Store, secretsDirectory: string, clock: Clock): Promise<void> {
  const path = join(secretsDirectory, 'api-key')
  const given = await readKeyFile(path)
  if (given === undefined && (await store.teams.countKeys()) > 0) return
  const key = given ?? newApiKey()
  if (given === undefined) {
    await ensureDirectory(secretsDirectory)
    await writeFileAtomic(path, `${key}\n`, 0o600)
  }
  await store.transaction(async ({ teams }) => {
    if ((await teams.findKeyByHash(hashApiKey(key))) !== undefined) return
    const team = (await teams.findFirstTeam()) ?? (await insertDefaultTeam(teams, clock))
    await teams.insertKey(apiKeyRecord(key, { teamId: team.id, name: 'admin', nowMs: clock.nowMs() }))
  })
}

async function readKeyFile(path: string): Promise<string | undefined> {
  const text = (await readIfThere(path))?.trim()
  if (text === undefined) return undefined
  if (text.length < 16)
    throw new DrowseError('setup_failed', `Cannot use "${path}": it holds no API key; remove it to get a new one`)
  return text
}

async function insertDefaultTeam(teams: TeamRepo, clock: Clock): Promise<Team> {
  const team: Team = { id: randomUUID(), name: 'default', createdAtMs: clock.nowMs() }
  await teams.insertTeam(team)
  return team
}
