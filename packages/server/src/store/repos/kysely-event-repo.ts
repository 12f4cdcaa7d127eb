import type { SandboxId } from '@drowse/protocol'
import { sql, type Kysely, type Selectable, type SelectQueryBuilder } from 'kysely'
import type { EventName, SandboxEvent } from '../../events/event.ts'
import type { Writer } from '../group-commit.ts'
import type { DatabaseSchema, EventTable } from '../schema.ts'
import type { EventPage, EventRange, EventRepo, StoredEvent, TeamEventQuery } from './event-repo.ts'

type Select = SelectQueryBuilder<DatabaseSchema, 'events', object>

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
    return (await select.execute()).map(eventFromRow)
  }

  async listByTeam(query: TeamEventQuery, { order, offset, limit }: EventPage): Promise<StoredEvent[]> {
    const rows = await this.#ofTeam(query).selectAll().orderBy('id', order).limit(limit).offset(offset).execute()
    return rows.map((row) => ({ id: row.id, ...eventFromRow(row) }))
  }

  async countByTeam(query: TeamEventQuery): Promise<number> {
    const { count } = await this.#ofTeam(query)
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    return count
  }

  #ofTeam({ teamId, names, sandboxId, templateId, fromMs, toMs }: TeamEventQuery): Select {
    let select: Select = this.#db.selectFrom('events').where('team_id', '=', teamId).where('name', 'in', names)
    if (sandboxId !== undefined) select = select.where('sandbox_id', '=', sandboxId)
    if (fromMs !== undefined) select = select.where('at', '>=', fromMs)
    if (toMs !== undefined) select = select.where('at', '<=', toMs)
    if (templateId === undefined) return select
    return select.where('sandbox_id', 'in', (where) =>
      where
        .selectFrom('events as creation')
        .select('creation.sandbox_id')
        .where('creation.name', '=', 'sandbox.created')
        .where(sql<string>`json_extract(creation.data, '$.templateId')`, '=', templateId),
    )
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

function eventFromRow(row: Selectable<EventTable>): SandboxEvent {
  return {
    atMs: row.at,
    sandboxId: row.sandbox_id as SandboxId, // only ids made by newSandboxId() are ever appended
    teamId: row.team_id,
    name: row.name as EventName, // written by append()
    data: JSON.parse(row.data) as SandboxEvent['data'], // written by append()
  }
}
