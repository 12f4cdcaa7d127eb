import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Adds what a pause knows of its guest, and the keys of creates that clients may repeat. */
export const sleep: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .alterTable('sandboxes')
      .addColumn('was_guest_silent', 'integer', (c) => c.notNull().defaultTo(0))
      .execute()
    await db.schema
      .createTable('idempotency_keys')
      .addColumn('team_id', 'text', (c) => c.notNull().references('teams.id'))
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('fingerprint', 'text', (c) => c.notNull())
      .addColumn('sandbox_id', 'text', (c) => c.notNull())
      .addColumn('answer', 'text')
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('idempotency_keys_pkey', ['team_id', 'key'])
      .execute()
    await db.schema.createIndex('idempotency_keys_age').on('idempotency_keys').column('created_at').execute()
  },
}
