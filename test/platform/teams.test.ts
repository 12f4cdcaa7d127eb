import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { api, detailOf } from './support/inspect.ts'
import { killAfterEach } from './support/sandboxes.ts'
import { makeTeam, type OtherTeam } from './support/team.ts'

describe("another team's key", () => {
  const keep = killAfterEach()
  let team: OtherTeam
  beforeAll(() => {
    team = makeTeam()
  })
  afterAll(() => team[Symbol.dispose]())

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
      const answer = await api(path, { method, key: team.key, ...(body === undefined ? {} : { body }) })
      expect([path, method, answer.status]).toEqual([path, method, 404])
    }
    expect(await (await api('/v2/sandboxes', { key: team.key })).json()).toEqual([])
    expect(await detailOf(id)).toEqual(before)
  })
})
