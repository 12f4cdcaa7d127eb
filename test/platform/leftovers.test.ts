import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { hostTraces } from './support/host.ts'
import { until } from './support/sandboxes.ts'

describe('kill()', () => {
  const { data } = inject('installation')

  it.each(['running', 'paused'] as const)('leaves nothing of a %s sandbox on the host', async (state) => {
    const sandbox = await Sandbox.create()
    const id = sandbox.sandboxId
    expect(await hostTraces(id)).not.toEqual([])
    if (state === 'paused') await sandbox.pause()
    await sandbox.kill()
    await until(async () => (await hostTraces(id)).length === 0)
    expect(existsSync(join(data, 'sandboxes', id))).toBe(false)
    await until(async () => readdirSync(join(data, 'trash')).length === 0)
  })
})
