import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { ApiKey } from '../store/repos/team-repo.ts'

/** Characters of a key that may be shown: `e2b_` and the first four. */
const PREFIX_LENGTH = 8

/** A new random API key: `e2b_` and 40 hex digits, the shape that every client version accepts. */
export function newApiKey(): string {
  return `e2b_${randomBytes(20).toString('hex')}`
}

/** How a key is stored. Keys are random, so a plain hash can't be guessed backwards. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex')
}

/** The record of `key`. */
export function apiKeyRecord(key: string, owner: { teamId: string; name: string; nowMs: number }): ApiKey {
  return {
    id: randomUUID(),
    teamId: owner.teamId,
    name: owner.name,
    hash: hashApiKey(key),
    prefix: key.slice(0, PREFIX_LENGTH),
    createdAtMs: owner.nowMs,
  }
}
