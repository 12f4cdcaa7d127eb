import * as e2b from 'e2b'
import * as novita from 'novita-sandbox'
import { afterAll, beforeAll, expect, it } from 'vitest'

// What E2B's and Novita's documentation shows besides the calls that other files are about (docs/compatibility.md).
let sandbox: e2b.Sandbox

beforeAll(async () => {
  sandbox = await e2b.Sandbox.create({ metadata: { purpose: 'documented' } })
})
afterAll(async () => {
  await sandbox.kill()
})

it('a sandbox is told by variables what it is', async () => {
  const { stdout } = await sandbox.commands.run(
    'echo $E2B_SANDBOX $E2B_SANDBOX_ID $E2B_TEMPLATE_ID ${E2B_TEAM_ID:+team}',
  )
  expect(stdout).toBe(`true ${sandbox.sandboxId} base team\n`)
})

it("E2B's lifecycle events tell what happened to a sandbox", async () => {
  await sandbox.pause()
  await sandbox.connect()
  const events = async (path: string): Promise<Record<string, unknown>[]> => {
    const headers = { 'X-API-Key': process.env['E2B_API_KEY'] ?? '' }
    const response = await fetch(`${process.env['E2B_API_URL']}${path}`, { headers })
    return (await response.json()) as Record<string, unknown>[]
  }
  const own = await events(`/events/sandboxes/${sandbox.sandboxId}?orderAsc=true`)
  expect(own.map(({ type }) => type)).toEqual(
    ['created', 'paused', 'resumed'].map((name) => `sandbox.lifecycle.${name}`),
  )
  expect(own[0]).toMatchObject({ sandboxId: sandbox.sandboxId, sandboxTemplateId: 'base' })
  expect(await events('/events/sandboxes?limit=2')).toHaveLength(2)
})

it("Novita's getEvents() tells what happened to a sandbox, also when it is gone", async () => {
  const own = await novita.Sandbox.create()
  await own.kill()
  const { items, total, hasMore } = await novita.Sandbox.getEvents({ sandboxID: own.sandboxId, limit: 10 })
  expect(items.map(({ eventName }) => eventName)).toEqual(['delete', 'create'])
  expect({ total, hasMore }).toEqual({ total: 2, hasMore: false })
})

it('Template.exists() knows the templates that there are', async () => {
  expect(await e2b.Template.exists('base')).toBe(true)
  expect(await e2b.Template.exists('nonesuch')).toBe(false)
})

it.each([
  ['createSnapshot()', async () => await sandbox.createSnapshot()],
  ['fork()', async () => await sandbox.fork()],
  ["Novita's clone()", async () => await novita.Sandbox.clone(sandbox.sandboxId)],
  ['Template.build()', async () => await e2b.Template.build(e2b.Template().fromBaseImage(), 'mine')],
  ['Volume.create()', async () => await e2b.Volume.create('mine')],
  ["Novita's getQuota()", async () => await novita.Sandbox.getQuota()],
])('%s says that it is not there yet, not that the sandbox is gone', async (_, call) => {
  await expect(call()).rejects.toThrow(/501: Drowse has no .* yet: /)
})
