import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { detailOf, dropToDisk, killEngine } from './support/inspect.ts'
import { isGone, killAfterEach, startCounter, until } from './support/sandboxes.ts'

describe('when the engine of a sandbox dies', () => {
  const keep = killAfterEach()
  const installation = inject('installation')
  const bootId = async (sandbox: Sandbox): Promise<string> =>
    (await sandbox.commands.run('cat /proc/sys/kernel/random/boot_id')).stdout

  it('one with onTimeout "pause" is paused with its files and wakes cold, with the reason in its info', async () => {
    const sandbox = keep(await Sandbox.create({ lifecycle: { onTimeout: 'pause', autoResume: true } }))
    await sandbox.files.write('kept.txt', 'kept')
    const counter = await startCounter(sandbox)
    const boot = await bootId(sandbox)

    killEngine(installation, sandbox.sandboxId)
    await until(async () => (await detailOf(sandbox.sandboxId)).state === 'paused')
    const dead = await detailOf(sandbox.sandboxId)
    expect(dead.drowse).toMatchObject({ tier: 'files', coldReason: expect.stringMatching(/.{8}/) })

    expect(await (await sandbox.connect()).files.read('kept.txt')).toBe('kept')
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).not.toContain(counter.pid)
    expect(await bootId(sandbox)).not.toBe(boot)
    expect((await detailOf(sandbox.sandboxId)).drowse.coldReason).toMatch(/.{8}/)

    // It goes on like any other from there.
    const next = await startCounter(sandbox)
    const before = await next.read()
    await sandbox.pause()
    await sandbox.connect()
    expect((await next.read()).pid).toBe(before.pid)
  })

  it('one that is killed on timeout is gone', async () => {
    const sandbox = keep(await Sandbox.create())
    killEngine(installation, sandbox.sandboxId)
    await until(async () => !(await sandbox.isRunning()))
    await until(() => isGone(sandbox))
  })

  it('a paused one keeps its memory', async () => {
    const sandbox = keep(await Sandbox.create())
    const counter = await startCounter(sandbox)
    const before = await counter.read()
    await sandbox.pause()
    await dropToDisk(installation, sandbox.sandboxId)
    await sandbox.connect()
    const after = await counter.read()
    expect(after.pid).toBe(before.pid)
    expect(after.count).toBeGreaterThanOrEqual(before.count)
  })
})
