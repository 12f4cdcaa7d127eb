import { Sandbox } from 'e2b'
import { expect, inject, it } from 'vitest'
import { detailOf, dropToDisk, engineProcesses, logOf } from './support/inspect.ts'
import { killAfterEach, startCounter, until } from './support/sandboxes.ts'

const keep = killAfterEach()

it('a sandbox that fell to disk gets a container ahead, shows as on disk, and wakes in it with its memory', async () => {
  const installation = inject('installation')
  const sandbox = keep(await Sandbox.create({ timeoutMs: 120_000 }))
  const id = sandbox.sandboxId
  const counter = await startCounter(sandbox)
  const before = await counter.read()
  await sandbox.pause()
  await dropToDisk(installation, id)
  const logged = (operation: string): Record<string, unknown>[] =>
    logOf(installation, id).filter((entry) => entry.operation === operation)
  await until(async () => Promise.resolve(logged('ready').length > 0))
  const container = engineProcesses(installation, id)
  expect(container.length).toBeGreaterThan(0)
  expect((await detailOf(id)).drowse.tier).toBe('disk')

  await sandbox.connect()
  const now = await counter.read()
  expect(now.pid).toBe(before.pid)
  expect(now.count).toBeGreaterThanOrEqual(before.count)
  expect(engineProcesses(installation, id)).toEqual(expect.arrayContaining(container))
  expect(logged('resume').at(-1)).toMatchObject({ tier: 'disk', isCold: false })
})
