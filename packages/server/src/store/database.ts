import { DrowseError } from '@drowse/protocol'
import { Kysely, type Dialect } from 'kysely'
import { Migrator } from 'kysely/migration'
import { createSqliteDialect } from './dialect-sqlite.ts'
import { MIGRATIONS } from './migrations/migrations.ts'
import { KyselyEventRepo } from './repos/kysely-event-repo.ts'
import { KyselyIdempotencyRepo } from './repos/kysely-idempotency-repo.ts'
import { KyselySandboxRepo } from './repos/kysely-sandbox-repo.ts'
import { KyselySshKeyRepo } from './repos/kysely-ssh-key-repo.ts'
import { KyselyTeamRepo } from './repos/kysely-team-repo.ts'
import { GroupCommit, type Writer } from './group-commit.ts'
import type { DatabaseSchema } from './schema.ts'
import type { Repos, Store } from './store.ts'

/** Opens the SQLite store at `path` (`:memory:` for one that is forgotten) and brings its tables up to date. */
export async function openSqliteStore(path: string): Promise<Store> {
  return await openStore(createSqliteDialect(path))
}

async function openStore(dialect: Dialect): Promise<Store> {
  const db = new Kysely<DatabaseSchema>({ dialect })
  try {
    await migrate(db)
  } catch (error) {
    await db.destroy()
    throw error
  }
  const commits = new GroupCommit(db)
  return {
    ...repos(db, commits.statement, commits.softStatement),
    transaction: async (work, { isSoft = false } = {}) => {
      const commit = isSoft ? commits.softTransaction : commits.transaction
      return await commit(async (tx) => await work(repos(tx, async (write) => await write(tx))))
    },
    [Symbol.asyncDispose]: async () => await db.destroy(),
  }
}

/** `writeSoftly` is for writes that need not be on disk when they answer; within a transaction all are. */
function repos(db: Kysely<DatabaseSchema>, write: Writer, writeSoftly: Writer = write): Repos {
  return {
    sandboxes: new KyselySandboxRepo(db, write, writeSoftly),
    events: new KyselyEventRepo(db, write),
    idempotency: new KyselyIdempotencyRepo(db, write),
    teams: new KyselyTeamRepo(db, write),
    sshKeys: new KyselySshKeyRepo(db, write),
  }
}

async function migrate(db: Kysely<DatabaseSchema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) {
    throw new DrowseError('internal', 'Cannot open the store: its tables could not be brought up to date', {
      cause: error,
    })
  }
}
