import type { Kysely } from 'kysely'
import type { Writer } from '../group-commit.ts'
import type { DatabaseSchema } from '../schema.ts'
import type { ApiKey, Team, TeamRepo } from './team-repo.ts'

/** Teams in a SQL database. */
export class KyselyTeamRepo implements TeamRepo {
  readonly #db: Kysely<DatabaseSchema>
  readonly #write: Writer

  constructor(db: Kysely<DatabaseSchema>, write: Writer) {
    this.#db = db
    this.#write = write
  }

  async insertTeam(team: Team): Promise<void> {
    await this.#write(
      async (db) =>
        await db.insertInto('teams').values({ id: team.id, name: team.name, created_at: team.createdAtMs }).execute(),
    )
  }

  async findFirstTeam(): Promise<Team | undefined> {
    const row = await this.#db.selectFrom('teams').selectAll().orderBy('created_at').limit(1).executeTakeFirst()
    return row === undefined ? undefined : { id: row.id, name: row.name, createdAtMs: row.created_at }
  }

  async insertKey(key: ApiKey): Promise<void> {
    await this.#write(
      async (db) =>
        await db
          .insertInto('api_keys')
          .values({
            id: key.id,
            team_id: key.teamId,
            name: key.name,
            hash: key.hash,
            prefix: key.prefix,
            created_at: key.createdAtMs,
          })
          .execute(),
    )
  }

  async findKeyByHash(hash: string): Promise<ApiKey | undefined> {
    const row = await this.#db.selectFrom('api_keys').selectAll().where('hash', '=', hash).executeTakeFirst()
    if (row === undefined) return undefined
    const { id, name, prefix } = row
    return { id, teamId: row.team_id, name, hash: row.hash, prefix, createdAtMs: row.created_at }
  }

  async countKeys(): Promise<number> {
    const row = await this.#db
      .selectFrom('api_keys')
      .select((e) => e.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return row.count
  }
}
