import type { SandboxId } from '@drowse/protocol'
import { sql, type Kysely } from 'kysely'
import type { EventName, SandboxEvent } from '../../events/event.ts'
import type { Writer } from '../group-commit.ts'
import type { DatabaseSchema } from '../schema.ts'
import type { EventRange, EventRepo } from './event-repo.ts'

/** Events in a SQL database. */
export class KyselyEventRepo implements EventRepo {
  readonly #db: Kysely<DatabaseSchema>
  readonly #write: Writer

  constructor(db: Kysely<DatabaseSchema>, write: Writer) {
    this.#db = db
    this.#write = write
  }

  async append(event: SandboxEvent): Promise<void> {
    await this.#write(
      async (db) =>
        await db
          .insertInto('events')
          .values({
            at: event.atMs,
            sandbox_id: event.sandboxId,
            team_id: event.teamId,
            name: event.name,
            data: JSON.stringify(event.data),
          })
          .execute(),
    )
  }

  async listBySandbox(
    sandboxId: SandboxId,
    { order, limit, fromMs }: EventRange = { order: 'asc', limit: Number.MAX_SAFE_INTEGER },
  ): Promise<SandboxEvent[]> {
    let select = this.#db
      .selectFrom('events')
      .selectAll()
      .where('sandbox_id', '=', sandboxId)
      .orderBy('id', order)
      .limit(limit)
    if (fromMs !== undefined) select = select.where('at', order === 'asc' ? '>=' : '<=', fromMs)
    const rows = await select.execute()
    return rows.map((row) => ({
      atMs: row.at,
      sandboxId,
      teamId: row.team_id,
      name: row.name as EventName, // written by append()
      data: JSON.parse(row.data) as SandboxEvent['data'], // written by append()
    }))
  }

  async prune(keep: number): Promise<void> {
    await this.#write(
      async (db) =>
        await db
          .deleteFrom('events')
          .where('id', '<=', (where) =>
            where.selectFrom('events').select((select) => sql<number>`${select.fn.max('id')} - ${keep}`.as('last')),
          )
          .execute(),
    )
  }
}
