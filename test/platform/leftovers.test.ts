import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { hostTraces } from './support/host.ts'
import { detailOf, dropToDisk, engineProcesses } from './support/inspect.ts'
import { until } from './support/sandboxes.ts'

describe('kill()', () => {
  const installation = inject('installation')
  const { data } = installation

  it.each(['running', 'paused', 'fallen'] as const)('leaves nothing of a %s sandbox on the host', async (state) => {
    const sandbox = await Sandbox.create()
    const id = sandbox.sandboxId
    expect(await hostTraces(id)).not.toEqual([])
    if (state !== 'running') await sandbox.pause()
    if (state === 'fallen') {
      await dropToDisk(installation, id)
      // Its container is made ahead.
      await until(async () => Promise.resolve(engineProcesses(installation, id).length > 0))
      expect((await detailOf(id)).drowse.tier).toBe('disk')
    }
    await sandbox.kill()
    await until(async () => (await hostTraces(id)).length === 0)
    await until(async () => Promise.resolve(!existsSync(join(data, 'sandboxes', id))))
    await until(async () => readdirSync(join(data, 'trash')).length === 0)
  })
})
