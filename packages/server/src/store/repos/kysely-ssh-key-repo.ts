import type { Kysely, Selectable } from 'kysely'
import type { Writer } from '../group-commit.ts'
import type { DatabaseSchema, SshKeyTable } from '../schema.ts'
import type { SshKey, SshKeyRepo } from './ssh-key-repo.ts'

/** Public keys in a SQL database. */
export class KyselySshKeyRepo implements SshKeyRepo {
  readonly #db: Kysely<DatabaseSchema>
  readonly #write: Writer

  constructor(db: Kysely<DatabaseSchema>, write: Writer) {
    this.#db = db
    this.#write = write
  }

  async insert(key: SshKey): Promise<boolean> {
    const result = await this.#write(
      async (db) =>
        await db
          .insertInto('ssh_keys')
          .values({
            id: key.id,
            team_id: key.teamId,
            name: key.name,
            type: key.type,
            public_key: key.publicKey,
            fingerprint: key.fingerprint,
            created_at: key.createdAtMs,
          })
          .onConflict((conflict) => conflict.columns(['team_id', 'fingerprint']).doNothing())
          .executeTakeFirst(),
    )
    return result.numInsertedOrUpdatedRows === 1n
  }

  async list(teamId: string): Promise<SshKey[]> {
    const rows = await this.#db
      .selectFrom('ssh_keys')
      .selectAll()
      .where('team_id', '=', teamId)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
    return rows.map(fromRow)
  }

  async remove(teamId: string, id: string): Promise<boolean> {
    const result = await this.#write(
      async (db) =>
        await db.deleteFrom('ssh_keys').where('team_id', '=', teamId).where('id', '=', id).executeTakeFirst(),
    )
    return result.numDeletedRows === 1n
  }

  async findForSandbox(sandboxId: string, fingerprint: string): Promise<SshKey | undefined> {
    const row = await this.#db
      .selectFrom('ssh_keys')
      .innerJoin('sandboxes', 'sandboxes.team_id', 'ssh_keys.team_id')
      .selectAll('ssh_keys')
      .where('sandboxes.id', '=', sandboxId)
      .where('sandboxes.state', 'not in', ['creating', 'killing'])
      .where('ssh_keys.fingerprint', '=', fingerprint)
      .executeTakeFirst()
    return row === undefined ? undefined : fromRow(row)
  }
}

function fromRow(row: Selectable<SshKeyTable>): SshKey {
  return {
    id: row.id,
    teamId: row.team_id,
    name: row.name,
    type: row.type,
    publicKey: row.public_key,
    fingerprint: row.fingerprint,
    createdAtMs: row.created_at,
  }
}
