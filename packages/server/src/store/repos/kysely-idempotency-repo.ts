import type { SandboxId } from '@drowse/protocol'
import type { Kysely } from 'kysely'
import type { Writer } from '../group-commit.ts'
import type { DatabaseSchema } from '../schema.ts'
import type { IdempotencyRecord, IdempotencyRepo } from './idempotency-repo.ts'

/** Keys of creates in a SQL database. */
export class KyselyIdempotencyRepo implements IdempotencyRepo {
  readonly #db: Kysely<DatabaseSchema>
  readonly #write: Writer

  constructor(db: Kysely<DatabaseSchema>, write: Writer) {
    this.#db = db
    this.#write = write
  }

  async find(teamId: string, key: string): Promise<IdempotencyRecord | undefined> {
    const row = await this.#db
      .selectFrom('idempotency_keys')
      .selectAll()
      .where('team_id', '=', teamId)
      .where('key', '=', key)
      .executeTakeFirst()
    if (row === undefined) return undefined
    return {
      teamId,
      key,
      fingerprint: row.fingerprint,
      sandboxId: row.sandbox_id as SandboxId, // written by insert()
      answer: row.answer ?? undefined,
      createdAtMs: row.created_at,
    }
  }

  async insert(record: IdempotencyRecord): Promise<void> {
    await this.#write(
      async (db) =>
        await db
          .insertInto('idempotency_keys')
          .values({
            team_id: record.teamId,
            key: record.key,
            fingerprint: record.fingerprint,
            sandbox_id: record.sandboxId,
            answer: record.answer ?? null,
            created_at: record.createdAtMs,
          })
          .execute(),
    )
  }

  async setAnswer(teamId: string, key: string, answer: string): Promise<void> {
    await this.#write(
      async (db) =>
        await db
          .updateTable('idempotency_keys')
          .set({ answer })
          .where('team_id', '=', teamId)
          .where('key', '=', key)
          .execute(),
    )
  }

  async remove(teamId: string, key: string): Promise<void> {
    await this.#write(
      async (db) =>
        await db.deleteFrom('idempotency_keys').where('team_id', '=', teamId).where('key', '=', key).execute(),
    )
  }

  async removeBefore(ms: number): Promise<void> {
    await this.#write(async (db) => await db.deleteFrom('idempotency_keys').where('created_at', '<', ms).execute())
  }
}
