import { sql, type Kysely } from 'kysely'
import type { DatabaseSchema } from './schema.ts'

/** Writes that one transaction takes at most; after so many the event loop turns once, so that requests are not kept waiting. */
const MAX_GROUP = 256

/** Something that a database is written by. It uses only the connection that it is given. */
export type Write<T> = (db: Kysely<DatabaseSchema>) => Promise<T>

/** Runs a write and answers with its outcome once that is durable. */
export type Writer = <T>(write: Write<T>) => Promise<T>

interface Member {
  /** Keeps the outcome; throws what the write threw. */
  run: (db: Kysely<DatabaseSchema>) => Promise<void>
  /** More than one statement: all or none of them. */
  isAtomic: boolean
  /** Need not be on disk when it is answered. */
  isSoft: boolean
  answer: () => void
  refuse: (error: unknown) => void
}

/**
 * Lets writes that come in the same turn of the event loop share one transaction, so one wait for the disk.
 *
 * They run in the order they came in, each with an outcome of its own, answered after the commit. When one throws, or the
 * commit fails, nothing of the transaction has happened: each write is then run again by itself and hears of its own
 * failure only. A lone statement runs at the end of the turn, without a transaction around it.
 */
export class GroupCommit {
  readonly #db: Kysely<DatabaseSchema>
  #queue: Member[] = []
  #isBusy = false

  constructor(db: Kysely<DatabaseSchema>) {
    this.#db = db
  }

  /** Runs one statement. */
  readonly statement: Writer = async (write) => await this.#enqueue(write, { isAtomic: false, isSoft: false })

  /**
   * Runs one statement without waiting for the disk: its outcome survives the end of this process at once, and a loss of power
   * from the next other write on.
   */
  readonly softStatement: Writer = async (write) => await this.#enqueue(write, { isAtomic: false, isSoft: true })

  /** Runs several statements: all of them or none. */
  readonly transaction: Writer = async (write) => await this.#enqueue(write, { isAtomic: true, isSoft: false })

  /** As {@link transaction}, and waits for the disk as little as {@link softStatement}. */
  readonly softTransaction: Writer = async (write) => await this.#enqueue(write, { isAtomic: true, isSoft: true })

  async #enqueue<T>(write: Write<T>, kind: Pick<Member, 'isAtomic' | 'isSoft'>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    let outcome: T | undefined
    this.#queue.push({
      ...kind,
      run: async (db) => void (outcome = await write(db)),
      answer: () => resolve(outcome as T), // called after run() only
      refuse: reject,
    })
    if (!this.#isBusy) {
      this.#isBusy = true
      // A tick that a microtask asks for comes when no microtask is left: at the end of this turn.
      queueMicrotask(() => process.nextTick(() => void this.#drain()))
    }
    return await promise
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    let sinceTurn = 0
    while (this.#queue.length > 0) {
      const group = this.#queue.slice(0, MAX_GROUP)
      this.#queue = this.#queue.slice(MAX_GROUP)
      await this.#commit(group)
      sinceTurn += group.length
      await (sinceTurn < MAX_GROUP ? endOfTurn() : nextTurn())
      if (sinceTurn >= MAX_GROUP) sinceTurn = 0
    }
    this.#isBusy = false
  }

  async #commit(group: readonly Member[]): Promise<void> {
    const [first] = group
    if (first !== undefined && group.length === 1) return await this.#commitAlone(first)
    try {
      await this.#db.transaction().execute(async (db) => {
        for (const member of group) await member.run(db)
      })
    } catch {
      // What was wrong with one of them, or with the disk, each of them meets by itself.
      for (const member of group) await this.#commitAlone(member)
      return
    }
    for (const member of group) member.answer()
  }

  async #commitAlone(member: Member): Promise<void> {
    try {
      await (member.isSoft ? this.#runSoftly(member) : this.#run(member))
    } catch (error) {
      member.refuse(error)
      return
    }
    member.answer()
  }

  async #run(member: Member): Promise<void> {
    if (member.isAtomic) await this.#db.transaction().execute(async (db) => await member.run(db))
    else await member.run(this.#db)
  }

  /** No other write comes between: all go through this queue. A later commit brings the whole log to disk, this write with it. */
  async #runSoftly(member: Member): Promise<void> {
    await sql`pragma synchronous = normal`.execute(this.#db)
    try {
      await this.#run(member)
    } finally {
      await sql`pragma synchronous = full`.execute(this.#db)
    }
  }
}

/** Resolves when no microtask is left, so that all who go on after an answer have written what they write next. */
async function endOfTurn(): Promise<void> {
  await new Promise<void>((resolve) => queueMicrotask(() => process.nextTick(resolve)))
}

async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve))
}
