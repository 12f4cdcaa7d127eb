import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSqliteDialect } from './dialect-sqlite.ts'
import { GroupCommit, type Write } from './group-commit.ts'
import type { DatabaseSchema } from './schema.ts'

let statements: string[]
let db: Kysely<DatabaseSchema>
let commits: GroupCommit

beforeEach(async () => {
  db = new Kysely<DatabaseSchema>({
    dialect: createSqliteDialect(':memory:'),
    log: (event) => void statements.push(event.query.sql.split(' ')[0] ?? ''),
  })
  statements = []
  await sql`create table notes (id integer primary key, text text not null)`.execute(db)
  commits = new GroupCommit(db)
  statements = []
})
afterEach(async () => await db.destroy())

const insert =
  (id: number, text: string | null = 'x'): Write<number> =>
  async (on) => {
    await sql`insert into notes (id, text) values (${id}, ${text})`.execute(on)
    return id
  }

/** Answers how many rows it changed. */
const rename =
  (id: number, from: string, to: string): Write<bigint> =>
  async (on) =>
    (await sql`update notes set text = ${to} where id = ${id} and text = ${from}`.execute(on)).numAffectedRows ?? 0n

async function notes(): Promise<unknown[]> {
  return (await sql<{ note: string }>`select id || ':' || text as note from notes order by id`.execute(db)).rows.map(
    ({ note }) => note,
  )
}

test('a lone statement is a commit of its own, a lone transaction one', async () => {
  expect(await commits.statement(insert(1))).toBe(1)
  expect(statements).toEqual(['insert'])
  await commits.transaction(async (on) => {
    await insert(2)(on)
    await insert(3)(on)
  })
  expect(statements).toEqual(['insert', 'begin', 'insert', 'insert', 'commit'])
})

test('writes of one turn are one commit, in their order, each with its own outcome', async () => {
  const results = await Promise.all([
    commits.statement(insert(1, 'a')),
    commits.statement(rename(1, 'a', 'b')),
    // What begins a few promises later still belongs to the turn.
    Promise.resolve().then(async () => await commits.statement(rename(1, 'a', 'c'))),
    commits.transaction(async (on) => [await insert(2, 'd')(on), await rename(1, 'b', 'e')(on)]),
  ])
  expect(results).toEqual([1, 1n, 0n, [2, 1n]])
  expect(statements.filter((word) => word === 'begin' || word === 'commit')).toEqual(['begin', 'commit'])
  expect(await notes()).toEqual(['1:e', '2:d'])
})

test('nothing is answered before the commit', async () => {
  const seen: string[] = []
  await Promise.all(
    [1, 2, 3].map(async (id) => {
      await commits.statement(insert(id))
      seen.push(statements.at(-1) ?? '')
    }),
  )
  expect(seen).toEqual(['commit', 'commit', 'commit'])
})

test('a write that fails is undone whole and alone', async () => {
  const results = await Promise.allSettled([
    commits.statement(insert(1)),
    commits.transaction(async (on) => {
      await insert(2)(on)
      await insert(3, null)(on)
    }),
    commits.statement(insert(1)),
    commits.statement(insert(4)),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
  expect(await notes()).toEqual(['1:x', '4:x'])
})

test('a commit that fails leaves nothing, and those that can be written are', async () => {
  await sql`pragma foreign_keys = on`.execute(db)
  await sql`create table leaves (note integer references notes(id) deferrable initially deferred)`.execute(db)
  const dangling: Write<void> = async (on) => void (await sql`insert into leaves values (99)`.execute(on))
  const results = await Promise.allSettled([
    commits.statement(insert(1)),
    commits.statement(dangling),
    commits.transaction(dangling),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect(await notes()).toEqual(['1:x'])
  expect((await sql`select * from leaves`.execute(db)).rows).toEqual([])
  expect(await commits.statement(insert(2))).toBe(2)
})

test('more writes than a group takes are all written, and the event loop turns between', async () => {
  let turns = 0
  let isOver = false
  const turn = (): void => {
    turns += 1
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  await Promise.all(Array.from({ length: 1_000 }, async (_, id) => await commits.statement(insert(id))))
  isOver = true
  expect(await notes()).toHaveLength(1_000)
  expect(statements.filter((word) => word === 'commit')).toHaveLength(4)
  expect(turns).toBeGreaterThanOrEqual(3)
})

test('a soft write asks for no sync by itself, and whatever comes after it does again', async () => {
  const synchronous = async (): Promise<unknown> =>
    (await sql<{ synchronous: number }>`pragma synchronous`.execute(db)).rows[0]?.synchronous
  const [NORMAL, FULL] = [1, 2]
  const seen: unknown[] = []
  const looking: Write<void> = async (on) => {
    seen.push((await sql<{ synchronous: number }>`pragma synchronous`.execute(on)).rows[0]?.synchronous)
  }
  await commits.softStatement(looking)
  await commits.statement(looking)
  await expect(commits.softStatement(insert(1, null))).rejects.toThrow()
  expect(await synchronous()).toBe(FULL)
  await Promise.all([commits.softStatement(looking), commits.statement(looking)])
  expect(seen.splice(0)).toEqual([NORMAL, FULL, FULL, FULL])
  await commits.softTransaction(async (tx) => {
    await looking(tx)
    await looking(tx)
  })
  await commits.transaction(looking)
  expect(seen).toEqual([NORMAL, NORMAL, FULL])
})
