import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { detailOf, logOf } from './support/inspect.ts'
import { killAfterEach, startCounter } from './support/sandboxes.ts'

/** Ten times the memory of a sandbox of the base template, in MiB. */
const TEN_TIMES_MB = 10_240

/** Programs that allocate and write that much, at once or bit by bit. */
const HOGS = {
  quickly: `held = bytearray(b'x') * (${TEN_TIMES_MB} << 20)`,
  slowly: `
import time
held = []
for _ in range(${TEN_TIMES_MB / 32}):
    held.append(bytearray(b'x') * (32 << 20))
    time.sleep(0.1)
`,
}

describe('a program that allocates ten times the memory', () => {
  const keep = killAfterEach()

  it.each(['quickly', 'slowly'] as const)('%s is ended alone', async (pace) => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    const counter = await startCounter(sandbox)
    const before = await counter.read()
    await sandbox.files.write('/home/user/hog.py', HOGS[pace])

    await expect(sandbox.commands.run('exec python3 /home/user/hog.py', { timeoutMs: 90_000 })).rejects.toMatchObject({
      name: 'CommandExitError',
    })

    const after = await counter.read()
    expect(after.pid).toBe(before.pid)
    expect(after.count).toBeGreaterThan(before.count)
    expect((await detailOf(sandbox.sandboxId)).state).toBe('running')
    expect((await sandbox.commands.run('echo alive')).stdout).toBe('alive\n')
    const words = JSON.stringify(logOf(inject('installation'), sandbox.sandboxId))
    expect(words).toMatch(/memory.?limit/i)
  })
})
