import { SandboxError, Sandbox, type SandboxOpts } from 'e2b'
import { describe, expect, it } from 'vitest'
import { api, detailOf } from './support/inspect.ts'
import { killAfterEach, startCounter, until } from './support/sandboxes.ts'

type SandboxLifecycle = NonNullable<SandboxOpts['lifecycle']>

describe('a pause of files only', () => {
  const keep = killAfterEach()
  const bootId = async (sandbox: Sandbox): Promise<string> =>
    (await sandbox.commands.run('cat /proc/sys/kernel/random/boot_id')).stdout

  /** Whatever slept: files are there, and nothing of the old boot is. */
  async function expectFreshBoot(sandbox: Sandbox, old: { boot: string; pid: number }): Promise<void> {
    expect(await sandbox.files.read('kept.txt')).toBe('kept')
    expect(await bootId(sandbox)).not.toBe(old.boot)
    const { stdout } = await sandbox.commands.run('pgrep -f [c]ounter.py || echo none')
    expect(stdout).toBe('none\n')
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).not.toContain(old.pid)
  }

  async function busySandbox(lifecycle?: SandboxLifecycle): Promise<{ sandbox: Sandbox; boot: string; pid: number }> {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 60_000, ...(lifecycle === undefined ? {} : { lifecycle }) }))
    await sandbox.files.write('kept.txt', 'kept')
    const { pid } = await startCounter(sandbox)
    return { sandbox, pid, boot: await bootId(sandbox) }
  }

  it('pause({ keepMemory: false }) keeps id, token and files, and boots anew; traffic does not wake it', async () => {
    const old = await busySandbox({ onTimeout: 'pause', autoResume: true })
    await old.sandbox.pause({ keepMemory: false })
    expect(await detailOf(old.sandbox.sandboxId)).toMatchObject({
      state: 'paused',
      pauseMode: 'filesystem',
      drowse: { tier: 'files' },
    })
    await expect(old.sandbox.files.read('kept.txt')).rejects.toBeInstanceOf(SandboxError)
    expect((await detailOf(old.sandbox.sandboxId)).state).toBe('paused')
    // The same object, and so the same access token.
    await old.sandbox.connect()
    await expectFreshBoot(old.sandbox, old)
  })

  it('onTimeout { action: "pause", keepMemory: false } does the same', async () => {
    const old = await busySandbox({ onTimeout: { action: 'pause', keepMemory: false } })
    await old.sandbox.setTimeout(1_000)
    await until(async () => (await old.sandbox.getInfo()).state === 'paused')
    await old.sandbox.connect()
    await expectFreshBoot(old.sandbox, old)
  })

  it('connect with memory: false boots a sandbox anew whose memory was saved', async () => {
    const old = await busySandbox()
    await old.sandbox.pause()
    const answer = await api(`/v2/sandboxes/${old.sandbox.sandboxId}/connect`, {
      method: 'POST',
      body: { memory: false },
    })
    expect(answer.status).toBe(201)
    await expectFreshBoot(old.sandbox, old)
  })
})
