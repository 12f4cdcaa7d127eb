import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { clientEnvironment, drowse, type Installation } from '../platform/support/drowse.ts'
import { makeInstallation, removeInstallation } from '../platform/support/installation.ts'
import { api, detailOf } from '../platform/support/inspect.ts'
import { isGone, startCounter, until, type Counter } from '../platform/support/sandboxes.ts'
import { CUTS, type Cut, type Deed } from './support/cuts.ts'
import { expectNoOrphans, listedIds } from './support/orphans.ts'
import { reboot } from './support/reboot.ts'
import { startService, type TestService } from './support/service.ts'

/** What a service needs for the deed: a tier that is on or off, and a pool only where a create has to come from it. */
const SETTINGS: Readonly<Partial<Record<Deed, Record<string, string>>>> = {
  'create from the pool': { DROWSE_POOL_SIZE: '1' },
  'connect from disk': { DROWSE_FROZEN_MEMORY_MB: '0' },
  'connect without memory': { DROWSE_FROZEN_MEMORY_MB: '0' },
  'fall to disk': { DROWSE_FROZEN_MINUTES: '0.02' },
  hash: { DROWSE_FROZEN_MEMORY_MB: '0' },
}

/** One sandbox that a cut goes through. */
interface Subject {
  sandbox: Sandbox
  counter: Counter
  before: { pid: number; count: number }
}

describe('kill -9 of the service', () => {
  let installation: Installation
  let service: (TestService & { isPlain: boolean }) | undefined
  let ownEnv: NodeJS.ProcessEnv

  beforeAll(async () => {
    ownEnv = { ...process.env }
    installation = await makeInstallation(
      { httpPort: 24_210, httpsPort: 24_243, subnet: '10.236.0.0/18' },
      { DROWSE_POOL_SIZE: '0' },
    )
    await drowse(installation, ['up'])
    Object.assign(process.env, await clientEnvironment(installation))
    await drowse(installation, ['down'])
    mkdirSync(join(installation.data, 'logs'), { recursive: true })
  })
  afterAll(async () => {
    process.env = ownEnv
    await service?.stop()
    await removeInstallation(installation)
  })

  /** Stops what runs and starts a service with other settings. One with none is kept. */
  async function restart(settings: Record<string, string> = {}): Promise<void> {
    const isPlain = Object.keys(settings).length === 0
    if (isPlain && service?.isPlain === true) return
    await service?.stop()
    service = { ...(await startService(installation, settings)), isPlain }
  }

  describe.each([
    ['alone', async () => Promise.resolve()],
    ['with a reboot', async () => await reboot(installation)],
  ] as const)('%s', (how, disaster) => {
    it.each(CUTS)('at $step of $deed', async ({ step, deed }) => {
      await restart()
      const subject = await makeSubject(deed)
      await restart({ ...SETTINGS[deed], DROWSE_STOP_AT: step })
      const wasAnswered = await act(deed, subject)
      await expect(Promise.race([service!.ended.then(() => 'ended'), late()])).resolves.toBe('ended')
      await disaster()
      await restart()

      await expectLegal({ step, deed }, subject, { wasAnswered, isRebooted: how !== 'alone' })
      for (const id of await listedIds()) await Sandbox.kill(id)
      await expectNoOrphans(installation)
    })
  })

  async function makeSubject(deed: Deed): Promise<Subject | undefined> {
    if (deed.startsWith('create')) return undefined
    const onTimeout = deed === 'expire to kill' || deed === 'kill' ? 'kill' : 'pause'
    const sandbox = await Sandbox.create({ timeoutMs: 600_000, lifecycle: { onTimeout } })
    await sandbox.files.write('kept.txt', deed)
    const counter = await startCounter(sandbox)
    return { sandbox, counter, before: await counter.read() }
  }

  /** Does it, and says whether it was answered before the service ended. */
  async function act(deed: Deed, subject: Subject | undefined): Promise<boolean> {
    try {
      await call(deed, subject)
      return true
    } catch {
      return false // cut, as it should be
    }
  }

  async function call(deed: Deed, subject: Subject | undefined): Promise<unknown> {
    if (deed === 'create') return await Sandbox.create({ timeoutMs: 600_000, metadata: { cut: 'create' } })
    if (deed === 'create from the pool') {
      // One finds what was made ahead once the service had time to make it.
      for (let round = 0; round < 10; round++) {
        await new Promise((resolve) => setTimeout(resolve, 1_500))
        await Sandbox.create({ timeoutMs: 600_000, metadata: { cut: 'create' } })
      }
      return undefined
    }
    const { sandbox } = subject!
    const id = sandbox.sandboxId
    switch (deed) {
      case 'kill':
        return await sandbox.kill()
      case 'expire to kill':
      case 'expire to pause':
        await sandbox.setTimeout(1_000)
        return await Promise.reject(new Error('what comes then has no caller to answer'))
      case 'connect without memory':
        await sandbox.pause()
        return await api(`/v2/sandboxes/${id}/connect`, { method: 'POST', body: { memory: false } })
      case 'connect from disk':
      case 'connect from frozen':
        await sandbox.pause()
        return await sandbox.connect()
      default:
        return await sandbox.pause()
    }
  }

  async function expectLegal(
    { step, deed }: Cut,
    subject: Subject | undefined,
    { wasAnswered, isRebooted }: { wasAnswered: boolean; isRebooted: boolean },
  ): Promise<void> {
    if (subject === undefined) return await expectUsable(await listedIds(), isRebooted)
    const { sandbox } = subject
    if (deed === 'kill' || deed === 'expire to kill') {
      // Nobody cut before the intent, so it is decided; a reboot takes the memory that such a sandbox would need.
      await until(async () => await isGone(sandbox))
      return
    }
    const { state } = await detailOf(sandbox.sandboxId)
    expect(['running', 'paused']).toContain(state)
    await sandbox.connect()
    expect(await sandbox.files.read('kept.txt')).toBe(deed)
    if (mayLoseMemory(step, deed, isRebooted, wasAnswered)) return
    await expectSameMemory(subject)
    // A second pause and resume work.
    await sandbox.pause()
    await sandbox.connect()
    await expectSameMemory(subject)
  }

  async function expectSameMemory({ counter, before }: Subject): Promise<void> {
    const now = await counter.read()
    expect(now.pid).toBe(before.pid)
    expect(now.count).toBeGreaterThanOrEqual(before.count)
  }

  /** Sandboxes that nobody was told of have to work, or to be gone; after a reboot a running one that dies on timeout is gone. */
  async function expectUsable(ids: readonly string[], isRebooted: boolean): Promise<void> {
    if (isRebooted) expect(ids).toEqual([])
    for (const id of ids) {
      const sandbox = await Sandbox.connect(id)
      expect((await sandbox.commands.run('echo works')).stdout).toBe('works\n')
    }
  }

  async function late(): Promise<string> {
    return await new Promise((resolve) => setTimeout(() => resolve('it never came to the step'), 30_000).unref())
  }
})

/** Whether a cut may cost the memory: when none was saved at that moment, or leaving it was what was asked for. */
function mayLoseMemory(step: string, deed: Deed, isRebooted: boolean, wasAnswered: boolean): boolean {
  if (deed === 'connect without memory') return true
  if (!isRebooted || wasAnswered) return false
  // A pause that was not answered yet has an image from the rename on; a wake uses its image up with the manifest, which is written while the daemon answers.
  const savesLater = ['probe', 'freeze', 'space', 'checkpoint', 'sync', 'describe'].map((name) => `pause.${name}`)
  const used = ['resume.init', 'resume.manifest', 'server.resume.effect', 'server.resume.outcome']
  return [...savesLater, ...used, 'server.pause.intent', 'server.expiry.intent'].includes(step)
}
