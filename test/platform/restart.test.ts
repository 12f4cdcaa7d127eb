import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { networkNames } from '@drowse/engine'
import { instanceName } from '@drowse/node'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { drowse } from './support/drowse.ts'
import { killAfterEach, startCounter, until } from './support/sandboxes.ts'

describe('the service', () => {
  const keep = killAfterEach()
  const installation = inject('installation')
  const servicePid = (): number =>
    (JSON.parse(readFileSync(join(installation.data, 'run', 'service.json'), 'utf8')) as { pid: number }).pid

  it.each([
    ['down', async () => void (await drowse(installation, ['down']))],
    [
      'kill -9',
      async () => {
        const pid = servicePid()
        process.kill(pid, 'SIGKILL')
        await until(() => Promise.resolve(!isAlive(pid)))
      },
    ],
  ])('leaves running and paused sandboxes intact over %s and the next up', async (_, stop) => {
    const running = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    const paused = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    const [runningCounter, pausedCounter] = [await startCounter(running), await startCounter(paused)]
    const before = [await runningCounter.read(), await pausedCounter.read()]
    await paused.pause()

    await stop()
    await drowse(installation, ['up'])

    expect((await running.getInfo()).state).toBe('running')
    expect((await paused.getInfo()).state).toBe('paused')
    await paused.connect()
    const after = [await runningCounter.read(), await pausedCounter.read()]
    expect(after.map(({ pid }) => pid)).toEqual(before.map(({ pid }) => pid))
    expect(after[0]!.count).toBeGreaterThan(before[0]!.count)
    expect(after[1]!.count).toBeGreaterThanOrEqual(before[1]!.count)
  })

  it('closes no port of the host to others while it is down', async () => {
    const { table } = networkNames(instanceName(installation.data))
    const closed = async (): Promise<string[]> => {
      const { stdout } = await exec('nft', ['list', 'table', 'inet', table])
      return stdout.split('\n').filter((line) => /dport \{.*drop/.test(line))
    }
    // While it is up they are the name-aware proxy's own.
    expect(await closed()).toHaveLength(1)
    await drowse(installation, ['down'])
    try {
      expect(await closed()).toEqual([])
    } finally {
      await drowse(installation, ['up'])
    }
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
