import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Makes the first tables: teams, API keys, sandboxes and events. */
export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('teams')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .execute()
    await db.schema
      .createTable('api_keys')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('team_id', 'text', (c) => c.notNull().references('teams.id'))
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('hash', 'text', (c) => c.notNull().unique())
      .addColumn('prefix', 'text', (c) => c.notNull())
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .execute()
    await createSandboxes(db)
    await db.schema
      .createTable('events')
      .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
      .addColumn('at', 'bigint', (c) => c.notNull())
      .addColumn('sandbox_id', 'text', (c) => c.notNull())
      .addColumn('team_id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('data', 'text', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('events_sandbox').on('events').columns(['sandbox_id', 'id']).execute()
  },
}

async function createSandboxes(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('sandboxes')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('team_id', 'text', (c) => c.notNull().references('teams.id'))
    .addColumn('template_id', 'text', (c) => c.notNull())
    .addColumn('template_alias', 'text')
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('generation', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('started_at', 'bigint', (c) => c.notNull())
    .addColumn('create_timeout_ms', 'bigint', (c) => c.notNull())
    .addColumn('run_timeout_ms', 'bigint', (c) => c.notNull())
    .addColumn('max_end_at', 'bigint', (c) => c.notNull())
    .addColumn('end_at', 'bigint', (c) => c.notNull())
    .addColumn('auto_pause', 'integer', (c) => c.notNull())
    .addColumn('auto_pause_memory', 'integer', (c) => c.notNull())
    .addColumn('auto_resume', 'integer', (c) => c.notNull())
    .addColumn('metadata', 'text', (c) => c.notNull())
    .addColumn('env_vars', 'text', (c) => c.notNull())
    .addColumn('network', 'text', (c) => c.notNull())
    .addColumn('allow_internet_access', 'integer')
    .addColumn('secure', 'integer', (c) => c.notNull())
    .addColumn('envd_access_token', 'text')
    .addColumn('traffic_access_token', 'text')
    .addColumn('cpu_count', 'double precision', (c) => c.notNull())
    .addColumn('memory_mb', 'integer', (c) => c.notNull())
    .addColumn('disk_size_mb', 'integer', (c) => c.notNull())
    .addColumn('pause_mode', 'text')
    .addColumn('cold_reason', 'text')
    .execute()
  await db.schema.createIndex('sandboxes_deadline').on('sandboxes').columns(['state', 'end_at']).execute()
  await db.schema.createIndex('sandboxes_page').on('sandboxes').columns(['team_id', 'started_at', 'id']).execute()
}
