import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeClock } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqliteStore } from '../store/database.ts'
import type { Store } from '../store/store.ts'
import { ensureAdminKey } from './admin-key.ts'
import { authenticate } from './authenticate.ts'

describe('ensureAdminKey()', () => {
  let secrets: string
  let store: Store
  const clock = new FakeClock()

  beforeEach(async () => {
    secrets = await mkdtemp(join(tmpdir(), 'drowse-secrets-'))
    store = await openSqliteStore(':memory:')
  })
  afterEach(async () => {
    await store[Symbol.asyncDispose]()
    await rm(secrets, { recursive: true })
  })

  const keyFile = async (): Promise<string> => (await readFile(join(secrets, 'api-key'), 'utf8')).trim()

  test('makes a key on first start, readable by its owner only, and keeps it', async () => {
    await ensureAdminKey(store, secrets, clock)
    const key = await keyFile()
    expect(key).toMatch(/^e2b_[0-9a-f]{40}$/)
    expect((await stat(join(secrets, 'api-key'))).mode & 0o777).toBe(0o600)
    const team = await authenticate(store.teams, key)
    await ensureAdminKey(store, secrets, clock)
    expect(await keyFile()).toBe(key)
    expect(await authenticate(store.teams, key)).toBe(team)
    expect(await store.teams.countKeys()).toBe(1)
  })

  test('takes a key that somebody put into the file, for the same team', async () => {
    await ensureAdminKey(store, secrets, clock)
    const team = await authenticate(store.teams, await keyFile())
    const given = `e2b_${'ab'.repeat(20)}`
    await writeFile(join(secrets, 'api-key'), `${given}\n`)
    await ensureAdminKey(store, secrets, clock)
    expect(await authenticate(store.teams, given)).toBe(team)
  })

  test('makes no new key when the file was removed on purpose', async () => {
    await ensureAdminKey(store, secrets, clock)
    await rm(join(secrets, 'api-key'))
    await ensureAdminKey(store, secrets, clock)
    await expect(keyFile()).rejects.toThrow('ENOENT')
  })

  test('refuses an empty file', async () => {
    await writeFile(join(secrets, 'api-key'), '\n')
    await expect(ensureAdminKey(store, secrets, clock)).rejects.toMatchObject({ code: 'setup_failed' })
  })
})
