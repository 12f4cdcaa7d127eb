import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { openSqliteStore } from './database.ts'
import { describeStoreContract, sandboxFixture } from './store.contract.ts'

describeStoreContract('SQLite store', async () => await openSqliteStore(':memory:'))

test('openSqliteStore() finds everything again, in a database that survives a power cut', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'drowse-store-'))
  try {
    const path = join(directory, 'drowse.sqlite')
    const sandbox = sandboxFixture()
    {
      await using store = await openSqliteStore(path)
      await store.teams.insertTeam({ id: 'team-a', name: 'a', createdAtMs: 1 })
      await store.sandboxes.insert(sandbox)
    }
    {
      await using store = await openSqliteStore(path)
      expect(await store.sandboxes.all()).toEqual([sandbox])
    }
    using database = new DatabaseSync(path)
    expect(database.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' })
  } finally {
    await rm(directory, { recursive: true })
  }
})

test('openSqliteStore() refuses a file that is no database', async () => {
  await expect(openSqliteStore(import.meta.filename)).rejects.toThrow()
})

test('openSqliteStore() brings the store of an earlier version up to date, with its sandboxes', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'drowse-store-'))
  try {
    const path = join(directory, 'drowse.sqlite')
    const sandbox = sandboxFixture({ state: 'paused', pauseMode: 'full' })
    {
      await using store = await openSqliteStore(path)
      await store.teams.insertTeam({ id: 'team-a', name: 'a', createdAtMs: 1 })
      await store.sandboxes.insert(sandbox)
    }
    {
      using database = new DatabaseSync(path)
      database.exec(`
        drop table ssh_keys;
        drop table idempotency_keys;
        alter table sandboxes drop column was_guest_silent;
        delete from kysely_migration where name > '0001-initial';
      `)
    }
    await using store = await openSqliteStore(path)
    expect(await store.sandboxes.all()).toEqual([sandbox])
    expect(await store.idempotency.find('team-a', 'k')).toBeUndefined()
  } finally {
    await rm(directory, { recursive: true })
  }
})
