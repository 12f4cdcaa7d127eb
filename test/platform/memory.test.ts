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
  'in a memfd': `
import os
file = os.memfd_create('hog')
for _ in range(${TEN_TIMES_MB / 32}):
    os.write(file, b'x' * (32 << 20))
`,
}

describe('a program that allocates ten times the memory', () => {
  const keep = killAfterEach()

  it.each(['quickly', 'slowly', 'in a memfd'] as const)('%s is ended alone', async (way) => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    const counter = await startCounter(sandbox)
    const before = await counter.read()
    await sandbox.files.write('/home/user/hog.py', HOGS[way])

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

it.each(['/dev/shm', '/tmp'])('%s holds no more than its share of the memory, and says so', async (folder) => {
  const sandbox = await Sandbox.create({ timeoutMs: 300_000 })
  try {
    const filled = sandbox.commands.run(`dd if=/dev/zero of=${folder}/hog bs=1M count=${TEN_TIMES_MB}`, {
      timeoutMs: 90_000,
    })
    await expect(filled).rejects.toMatchObject({ stderr: expect.stringContaining('No space left on device') })
    const { stdout } = await sandbox.commands.run(`stat -c %s ${folder}/hog; rm ${folder}/hog; echo alive`)
    expect(stdout).toMatch(/^\d+\nalive\n$/)
    expect(Number.parseInt(stdout)).toBeLessThan((TEN_TIMES_MB / 10) << 20)
  } finally {
    await sandbox.kill()
  }
})
