import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { api, detailOf } from './support/inspect.ts'
import { killAfterEach } from './support/sandboxes.ts'

describe("another team's key", () => {
  const keep = killAfterEach()
  const key = `e2b_${randomBytes(20).toString('hex')}`
  const team = randomUUID()
  let database: DatabaseSync
  beforeAll(() => {
    // There is no route that makes teams; the rows are as the store's schema has them.
    database = new DatabaseSync(join(inject('installation').data, 'db', 'drowse.sqlite'), { timeout: 5_000 })
    const hash = createHash('sha256').update(key).digest('hex')
    database.prepare('insert into teams (id, name, created_at) values (?, ?, ?)').run(team, 'other', Date.now())
    database
      .prepare('insert into api_keys (id, team_id, name, hash, prefix, created_at) values (?, ?, ?, ?, ?, ?)')
      .run(randomUUID(), team, 'other', hash, key.slice(0, 8), Date.now())
  })
  afterAll(() => {
    database.prepare('delete from api_keys where team_id = ?').run(team)
    database.prepare('delete from teams where id = ?').run(team)
    database.close()
  })

  it.each(['running', 'paused'] as const)('finds nothing of a %s sandbox, and changes nothing of it', async (state) => {
    const sandbox = keep(await Sandbox.create())
    if (state === 'paused') await sandbox.pause()
    const id = sandbox.sandboxId
    const before = await detailOf(id)
    for (const [method, path, body] of [
      ['GET', `/sandboxes/${id}`],
      ['DELETE', `/sandboxes/${id}`],
      ['POST', `/sandboxes/${id}/pause`, {}],
      ['POST', `/sandboxes/${id}/resume`, {}],
      ['POST', `/sandboxes/${id}/connect`, { timeout: 300 }],
      ['POST', `/v2/sandboxes/${id}/connect`, {}],
      ['POST', `/sandboxes/${id}/timeout`, { timeout: 1 }],
      ['POST', `/sandboxes/${id}/refreshes`, { duration: 3600 }],
      ['PUT', `/sandboxes/${id}/network`, { denyOut: ['0.0.0.0/0'] }],
      ['GET', `/sandboxes/${id}/metrics`],
      ['GET', `/sandboxes/${id}/logs`],
      ['GET', `/v2/sandboxes/${id}/logs`],
    ] as const) {
      const answer = await api(path, { method, key, ...(body === undefined ? {} : { body }) })
      expect([path, method, answer.status]).toEqual([path, method, 404])
    }
    expect(await (await api('/v2/sandboxes', { key })).json()).toEqual([])
    expect(await detailOf(id)).toEqual(before)
  })
})
