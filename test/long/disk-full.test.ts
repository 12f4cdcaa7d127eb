import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientEnvironment, drowse, type Installation } from '../platform/support/drowse.ts'
import { makeInstallation, removeInstallation } from '../platform/support/installation.ts'
import { api, detailOf, logOf } from '../platform/support/inspect.ts'
import { killAfterEach, startCounter, until } from '../platform/support/sandboxes.ts'
import { makeSmallDisk, type SmallDisk } from './support/small-disk.ts'

const MIB = 1024 * 1024
/** Heap of the guest, in MiB: an image of it takes long enough to be cut short by a full disk. */
const HEAP_MB = 700

describe('a full disk', () => {
  const keep = killAfterEach()
  let disk: SmallDisk
  let installation: Installation
  let ownEnv: NodeJS.ProcessEnv

  beforeAll(async () => {
    ownEnv = { ...process.env }
    disk = await makeSmallDisk(3584 * MIB)
    installation = await makeInstallation(
      { httpPort: 24_310, httpsPort: 24_343, subnet: '10.236.64.0/18', data: disk.directory },
      { DROWSE_MEMORY_MB: '1536', DROWSE_POOL_SIZE: '0' },
    )
    await drowse(installation, ['up'])
    Object.assign(process.env, await clientEnvironment(installation))
  })
  afterAll(async () => {
    process.env = ownEnv
    await disk.empty()
    await removeInstallation(installation)
    await disk[Symbol.asyncDispose]()
  })

  const sandboxFolder = (sandbox: Sandbox, name: string): string =>
    join(installation.data, 'sandboxes', sandbox.sandboxId, name)

  async function bigSandbox(): Promise<Sandbox> {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 600_000 }))
    const program = `import os, time; held = [os.urandom(1 << 20) for _ in range(${HEAP_MB})]; open('/tmp/held', 'w').close(); time.sleep(1e6)`
    await sandbox.files.write('/home/user/hold.py', program)
    await sandbox.commands.run('exec python3 /home/user/hold.py', { background: true, timeoutMs: 0 })
    await until(async () => await sandbox.files.exists('/tmp/held'), 60_000)
    return sandbox
  }

  it.each([
    ['before a pause', 'space', async () => await disk.fillUpTo((HEAP_MB / 2) * MIB), async () => Promise.resolve()],
    [
      'while an image is written',
      'checkpoint',
      async () => Promise.resolve(),
      async (sandbox: Sandbox) => {
        while (!existsSync(sandboxFolder(sandbox, 'image.next'))) await new Promise(setImmediate)
        await disk.fillUpTo(16 * MIB)
      },
    ],
  ])(
    '%s: the sandbox runs on, the answer is retryable, and no half image is left',
    async (_, failedStep, before, meanwhile) => {
      const sandbox = await bigSandbox()
      const counter = await startCounter(sandbox)
      const seen = await counter.read()
      await before()

      const answering = api(`/sandboxes/${sandbox.sandboxId}/pause`, { method: 'POST', body: {} })
      await meanwhile(sandbox)
      const answer = await answering
      expect(answer.status).toBe(507)
      expect(answer.headers.get('should-retry')).not.toBe('false')
      expect(((await answer.json()) as { message: string }).message).toMatch(/.{8}/)

      const failure = logOf(installation, sandbox.sandboxId).find(({ msg }) => msg === 'sandbox pause failed')
      expect(
        Object.keys(failure?.['stepMs'] ?? {})
          .filter((step) => ['space', 'checkpoint', 'describe'].includes(step))
          .at(-1),
      ).toBe(failedStep)

      expect((await detailOf(sandbox.sandboxId)).state).toBe('running')
      const now = await counter.read()
      expect(now.pid).toBe(seen.pid)
      await until(async () => (await counter.read()).count > now.count)
      expect(['image', 'image.next'].filter((name) => existsSync(sandboxFolder(sandbox, name)))).toEqual([])

      await disk.empty()
      await sandbox.pause()
      await sandbox.connect()
      expect((await counter.read()).pid).toBe(seen.pid)
    },
  )
})
