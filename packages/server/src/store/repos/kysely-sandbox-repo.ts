import { DrowseError, SANDBOX_TRANSITIONS, type SandboxId, type SandboxState } from '@drowse/protocol'
import { sql, type Kysely } from 'kysely'
import type { Sandbox, SandboxPatch } from '../../sandboxes/sandbox.ts'
import type { Writer } from '../group-commit.ts'
import type { DatabaseSchema } from '../schema.ts'
import type { SandboxListQuery, SandboxRepo, SandboxVersion } from './sandbox-repo.ts'
import { patchToRow, sandboxFromRow, sandboxToRow } from './sandbox-row.ts'

/** Sandboxes in a SQL database. */
export class KyselySandboxRepo implements SandboxRepo {
  readonly #db: Kysely<DatabaseSchema>
  readonly #write: Writer
  readonly #writeSoftly: Writer

  constructor(db: Kysely<DatabaseSchema>, write: Writer, writeSoftly: Writer) {
    this.#db = db
    this.#write = write
    this.#writeSoftly = writeSoftly
  }

  async insert(sandbox: Sandbox): Promise<void> {
    await this.#write(async (db) => await db.insertInto('sandboxes').values(sandboxToRow(sandbox)).execute())
  }

  async find(id: SandboxId): Promise<Sandbox | undefined> {
    const row = await this.#db.selectFrom('sandboxes').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? undefined : sandboxFromRow(row)
  }

  async transition(
    from: SandboxVersion,
    to: SandboxState,
    patch: SandboxPatch = {},
    { isSoft = false }: { isSoft?: boolean } = {},
  ): Promise<Sandbox | undefined> {
    if (!SANDBOX_TRANSITIONS[from.state].includes(to)) {
      throw new DrowseError(
        'internal',
        `Cannot move sandbox "${from.id}" from "${from.state}" to "${to}": not a transition`,
      )
    }
    return await this.#compareAndSet(
      from,
      { ...patchToRow(patch), state: to },
      isSoft ? this.#writeSoftly : this.#write,
    )
  }

  async update(from: SandboxVersion, patch: SandboxPatch): Promise<Sandbox | undefined> {
    return await this.#compareAndSet(from, patchToRow(patch), this.#write)
  }

  async #compareAndSet(from: SandboxVersion, values: object, write: Writer): Promise<Sandbox | undefined> {
    const row = await write(
      async (db) =>
        await db
          .updateTable('sandboxes')
          .set({ ...values, generation: from.generation + 1 })
          .where('id', '=', from.id)
          .where('state', '=', from.state)
          .where('generation', '=', from.generation)
          .returningAll()
          .executeTakeFirst(),
    )
    return row === undefined ? undefined : sandboxFromRow(row)
  }

  async remove(from: SandboxVersion): Promise<boolean> {
    const result = await this.#write(
      async (db) =>
        await db
          .deleteFrom('sandboxes')
          .where('id', '=', from.id)
          .where('state', '=', from.state)
          .where('generation', '=', from.generation)
          .executeTakeFirst(),
    )
    return result.numDeletedRows > 0n
  }

  async list(query: SandboxListQuery): Promise<Sandbox[]> {
    const isDescending = query.order === 'desc'
    let select = this.#db
      .selectFrom('sandboxes')
      .selectAll()
      .where('team_id', '=', query.teamId)
      .where('state', 'in', query.states)
      .orderBy('started_at', query.order)
      .orderBy('id', query.order)
      .limit(query.limit)
    if (query.templateId !== undefined) select = select.where('template_id', '=', query.templateId)
    if (query.startedAfterMs !== undefined) select = select.where('started_at', '>=', query.startedAfterMs)
    if (query.after !== undefined) {
      const { startedAtMs, id } = query.after
      const isBehind = isDescending
        ? sql<boolean>`(started_at, id) < (${startedAtMs}, ${id})`
        : sql<boolean>`(started_at, id) > (${startedAtMs}, ${id})`
      select = select.where(isBehind)
    }
    for (const [key, value] of Object.entries(query.metadata ?? {})) {
      select = select.where(
        sql<boolean>`exists (select 1 from json_each(metadata) as pair where pair.key = ${key} and pair.value = ${value})`,
      )
    }
    return (await select.execute()).map(sandboxFromRow)
  }

  async all(): Promise<Sandbox[]> {
    return (await this.#db.selectFrom('sandboxes').selectAll().execute()).map(sandboxFromRow)
  }

  async accessTokens(): Promise<{ id: SandboxId; accessToken: string }[]> {
    const rows = await this.#db
      .selectFrom('sandboxes')
      .select(['id', 'envd_access_token as accessToken'])
      .where('envd_access_token', 'is not', null)
      .$narrowType<{ accessToken: string }>()
      .execute()
    return rows.map(({ id, accessToken }) => ({ id: id as SandboxId, accessToken })) // only ids made by newSandboxId() are ever inserted
  }

  async nextDeadline(afterMs: number): Promise<number | undefined> {
    const row = await this.#db
      .selectFrom('sandboxes')
      .select('end_at')
      .where('state', '=', 'running')
      .where('end_at', '>', afterMs)
      .orderBy('end_at')
      .limit(1)
      .executeTakeFirst()
    return row?.end_at
  }

  async dueBefore(nowMs: number): Promise<SandboxId[]> {
    const rows = await this.#db
      .selectFrom('sandboxes')
      .select('id')
      .where('state', '=', 'running')
      .where('end_at', '<=', nowMs)
      .orderBy('end_at')
      .execute()
    return rows.map((row) => row.id as SandboxId) // only ids made by newSandboxId() are ever inserted
  }
}
