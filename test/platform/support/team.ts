import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { inject } from 'vitest'

/** A team besides the installation's own; disposing of it removes it with what it owns. */
export interface OtherTeam extends Disposable {
  key: string
}

/** Makes a team in the store of the shared installation. There is no route that makes teams; the rows are as the store's schema has them. */
export function makeTeam(): OtherTeam {
  const key = `e2b_${randomBytes(20).toString('hex')}`
  const team = randomUUID()
  const database = new DatabaseSync(join(inject('installation').data, 'db', 'drowse.sqlite'), { timeout: 5_000 })
  const hash = createHash('sha256').update(key).digest('hex')
  database.prepare('insert into teams (id, name, created_at) values (?, ?, ?)').run(team, 'other', Date.now())
  database
    .prepare('insert into api_keys (id, team_id, name, hash, prefix, created_at) values (?, ?, ?, ?, ?, ?)')
    .run(randomUUID(), team, 'other', hash, key.slice(0, 8), Date.now())
  return {
    key,
    [Symbol.dispose]() {
      for (const table of ['ssh_keys', 'api_keys']) database.prepare(`delete from ${table} where team_id = ?`).run(team)
      database.prepare('delete from teams where id = ?').run(team)
      database.close()
    },
  }
}
