import { Sandbox } from 'e2b'
import { Sandbox as NovitaSandbox } from 'novita-sandbox'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { drowse } from './support/drowse.ts'
import { dropToDisk } from './support/inspect.ts'
import { killAfterEach } from './support/sandboxes.ts'
import { makeSmallInternet, type SmallInternet } from './support/small-internet.ts'

describe('what a sandbox may reach', () => {
  const keep = killAfterEach()
  let internet: SmallInternet
  beforeAll(async () => {
    internet = await makeSmallInternet()
  })
  afterAll(async () => await internet[Symbol.asyncDispose]())

  /** Which of the internet's addresses a sandbox gets a greeting from, as `open` or `closed` each. */
  async function reach(sandbox: { commands: { run(command: string): Promise<{ stdout: string }> } }): Promise<string> {
    const tries = internet.addresses.map(
      (address) =>
        `(timeout 3 bash -c 'exec 3<>/dev/tcp/${address}/${internet.port} && grep -q hello <&3' 2>/dev/null && echo open || echo closed)`,
    )
    return (await sandbox.commands.run(tries.join('; '))).stdout.trim().replace('\n', ' ')
  }

  it('is the internet, unless its owner says otherwise', async () => {
    expect(await reach(keep(await Sandbox.create()))).toBe('open open')
    expect(await reach(keep(await Sandbox.create({ allowInternetAccess: false })))).toBe('closed closed')
    expect(await reach(keep(await NovitaSandbox.create({ allowInternetAccess: false })))).toBe('closed closed')
    const [allowed] = internet.addresses
    const network = { allowOut: [allowed], denyOut: ['0.0.0.0/0'] }
    expect(await reach(keep(await Sandbox.create({ network })))).toBe('open closed')
  })

  it('is changed for a running one, and holds over pauses from both tiers and a restart of the service', async () => {
    const installation = inject('installation')
    const [, denied] = internet.addresses
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    await sandbox.updateNetwork({ denyOut: [denied] })
    expect(await reach(sandbox)).toBe('open closed')
    await sandbox.pause()
    await sandbox.connect({ timeoutMs: 300_000 })
    expect(await reach(sandbox)).toBe('open closed')
    await sandbox.pause()
    await dropToDisk(installation, sandbox.sandboxId)
    await sandbox.connect({ timeoutMs: 300_000 })
    expect(await reach(sandbox)).toBe('open closed')
    await drowse(installation, ['down'])
    await drowse(installation, ['up'])
    expect(await reach(sandbox)).toBe('open closed')
    await sandbox.updateNetwork({})
    expect(await reach(sandbox)).toBe('open open')
  })

  it('is changed for a paused one without waking it', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    await sandbox.pause()
    await sandbox.updateNetwork({ denyOut: ['0.0.0.0/0'] })
    expect((await sandbox.getInfo()).state).toBe('paused')
    await sandbox.connect({ timeoutMs: 300_000 })
    expect(await reach(sandbox)).toBe('closed closed')
  })
})
