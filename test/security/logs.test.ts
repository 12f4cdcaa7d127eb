import { randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { drowse } from '../platform/support/drowse.ts'
import { api } from '../platform/support/inspect.ts'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { requestThroughGateway } from '../platform/support/traffic.ts'
import { secretsOf } from './support/secrets.ts'

describe('logs at the level "debug"', () => {
  const keep = killAfterEach()
  const installation = inject('installation')
  const talkative = { ...installation, env: { ...installation.env, DROWSE_LOG_LEVEL: 'debug' } }
  let adopted: Sandbox
  beforeAll(async () => {
    adopted = await Sandbox.create({ timeoutMs: 300_000 })
    await drowse(installation, ['down'])
    await drowse(talkative, ['up'])
  })
  afterAll(async () => {
    await adopted.kill()
    await drowse(installation, ['down'])
    await drowse(installation, ['up'])
  })

  it('hold no key, token, environment, command or content of a file, whatever succeeds or fails', async () => {
    const hush = (): string => `hush-${randomBytes(12).toString('hex')}`
    const [variable, argument, content, wrongKey, wrongToken] = [hush(), hush(), hush(), hush(), hush()]
    const sandbox = keep(
      await Sandbox.create({
        envs: { SECRET: variable },
        network: { allowPublicTraffic: false },
        lifecycle: { onTimeout: 'pause', autoResume: true },
      }),
    )
    await sandbox.commands.run(`echo ${argument}`)
    await sandbox.files.write('/home/user/secret.txt', content)
    const signed = new URL(await sandbox.downloadUrl('/home/user/secret.txt', { useSignatureExpiration: 60_000 }))
    const signature = signed.searchParams.get('signature') ?? ''
    expect(signature.length).toBeGreaterThan(20)
    expect((await requestThroughGateway(sandbox, 49_983, `/files${signed.search}`)).status).toBe(200)

    // What fails, for each kind of caller.
    expect((await api('/v2/sandboxes', { key: wrongKey })).status).toBe(401)
    expect(
      (await api(`/sandboxes/${sandbox.sandboxId}/timeout`, { method: 'POST', body: { timeout: hush() } })).status,
    ).toBe(400)
    await sandbox.pause()
    expect((await requestThroughGateway(sandbox, 3000, `/?token=${wrongToken}`)).status).toBe(403)
    const token = { 'E2B-Traffic-Access-Token': sandbox.trafficAccessToken ?? '' }
    const closed = await fetch(`https://${sandbox.getHost(3000)}/`, { headers: token })
    expect(closed.status).toBe(502)
    await sandbox.kill()
    await drowse(talkative, ['status'])

    const logs = globSync('logs/**', { cwd: installation.data, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
      .join('\n')
    expect(logs.includes(sandbox.sandboxId)).toBe(true)
    // At this level a start tells of each sandbox that it finds.
    expect(logs.split('\n').some((line) => line.includes('"level":20') && line.includes(adopted.sandboxId))).toBe(true)
    const secrets = [...secretsOf(sandbox), variable, argument, content, signature, wrongKey, wrongToken]
    expect(secrets.filter((secret) => logs.includes(secret))).toEqual([])
  })
})
