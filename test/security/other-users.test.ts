import { chmodSync, globSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { exec } from '@drowse/common'
import { killAfterEach, untilListening } from '../platform/support/sandboxes.ts'
import { sandboxAddresses } from './support/addresses.ts'
import { CONNECT_ALL, linesOf } from './support/connect-all.ts'
import { asNobody, openToNobody, reachedByNobody } from './support/other-user.ts'
import { secretsOf } from './support/secrets.ts'

describe("the machine's other users", () => {
  const keep = killAfterEach()
  const { data, env } = inject('installation')
  const ownMode = statSync(data).mode
  afterEach(() => chmodSync(data, ownMode))

  it('open no file and no socket of an installation but its public certificates', async () => {
    const [running, paused] = [keep(await Sandbox.create()), keep(await Sandbox.create())]
    await running.files.write('/home/user/secret.txt', 'secret')
    await paused.pause()
    // As "up" makes it; the folder of the tests was made by mkdtemp.
    chmodSync(data, 0o711)
    // A few of the many files of roots and runtimes are enough: what keeps others out are the folders above them.
    const patterns = ['{secrets,tls,db,run,logs,templates}/**', 'layers/*/root/etc/*', '{guest,engine}/*/*', 'runsc/*']
    const paths = globSync(['*', ...patterns, 'sandboxes/*/*', 'sandboxes/*/{bundle,image,upper}/**'], { cwd: data })
    for (const known of ['secrets/api-key', 'secrets/ca.key', 'db/drowse.sqlite', 'logs/service.log', 'tls/ca.pem']) {
      expect(paths).toContain(known)
    }
    for (const part of ['/upper/home/user/secret.txt', '/image/pages.img', '.sock', '/root/etc/passwd']) {
      expect(paths.filter((path) => path.includes(part))).not.toEqual([])
    }
    const open = await openToNobody(paths.map((path) => join(data, path)))
    const certificates = ['', '/bundle.pem', '/ca.pem', '/leaf.pem'].map((name) => `read ${data}/tls${name}`)
    expect(open.toSorted()).toEqual(certificates)
  })

  it('see no key, token or environment in the list of processes', async () => {
    const sandbox = keep(await Sandbox.create({ envs: { A: 'hush-4711' }, network: { allowPublicTraffic: false } }))
    await sandbox.commands.run('sleep 1000', { background: true, timeoutMs: 0, envs: { B: 'hush-4712' } })
    const seen = await asNobody(LIST_PROCESSES, '')
    expect(seen).toContain(data) // the processes themselves they do see
    const secrets = ['hush-4711', 'hush-4712', ...secretsOf(sandbox)]
    expect(seen.split('\n').filter((line) => secrets.some((secret) => line.includes(secret)))).toEqual([])
  })

  it('reach no server in a sandbox by its address, and no daemon of one that is made ahead', async () => {
    const sandbox = keep(await Sandbox.create({ network: { allowPublicTraffic: false } }))
    await sandbox.commands.run('python3 -m http.server 3000', { background: true, timeoutMs: 0 })
    await untilListening(sandbox, 3000)
    const own = (await sandbox.commands.run('hostname -I')).stdout.trim()
    const targets = sandboxAddresses(env['DROWSE_SUBNET'] ?? '').flatMap((address) => [
      `${address} 49983`,
      `${address} 3000`,
    ])
    const { stdout } = await exec('/usr/bin/python3', ['-c', CONNECT_ALL], { input: targets.join('\n') })
    expect(linesOf(stdout)).toEqual(expect.arrayContaining([`${own} 49983`, `${own} 3000`])) // by root
    expect(await reachedByNobody(targets)).toEqual([])
  })
})

const LIST_PROCESSES = `
import glob
for name in ('cmdline', 'environ'):
    for path in glob.glob('/proc/[0-9]*/' + name):
        try:
            print(open(path, errors='replace').read().replace(chr(0), ' '))
        except OSError:
            pass
`
