import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rulesInternetProgram, SOCKS_LOGIN } from '@drowse/engine'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { drowse } from './support/drowse.ts'
import { dropToDisk } from './support/inspect.ts'
import { runPython } from './support/run-python.ts'
import { killAfterEach } from './support/sandboxes.ts'
import { makeSmallInternet, type SmallInternet } from './support/small-internet.ts'

const [API, OTHER, SOCKS, DNS, DNS2] = ['203.0.113.10', '203.0.113.20', '203.0.113.60', '203.0.113.53', '203.0.113.54']
const SECRET = 'Bearer owner-4711'
const rules = { 'api.test': [{ transform: { headers: { Authorization: SECRET } } }] }
const egressProxy = { address: 'socks.test:1080', ...SOCKS_LOGIN }
/** Where requests arrive from when nothing is between. */
const DIRECT = '198.51.100.1'

describe('the way out by rules', () => {
  const keep = killAfterEach()
  const installation = inject('installation')
  let directory: string
  let internet: SmallInternet
  let settings: Record<string, string>

  const restart = async (env: Record<string, string>): Promise<void> => {
    await drowse(installation, ['down'])
    await drowse(installation, ['up'], { env })
  }
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drowse-rules-'))
    const program = await rulesInternetProgram({
      known: { 'api.test': API, 'other.test': OTHER, 'socks.test': SOCKS, 'inside.test': '10.1.2.3' },
      only: { 'only.test': API },
      nameservers: [DNS, DNS2],
    })
    internet = await makeSmallInternet({ program: program.text, more: [SOCKS, DNS, DNS2] })
    settings = { DROWSE_NAMESERVERS: DNS, DROWSE_EGRESS_CA_FILE: join(directory, 'ca.pem') }
    await writeFile(join(directory, 'ca.pem'), program.ca)
    await restart(settings)
  })
  beforeEach(async () => void (await internet.ask('')))
  afterAll(async () => {
    await restart({})
    await internet[Symbol.asyncDispose]()
    await rm(directory, { recursive: true })
  })

  async function run(sandbox: Sandbox, command: string): Promise<string> {
    return (await sandbox.commands.run(`${command} || true`)).stdout.trim()
  }
  /** The Authorization header that a server says it was sent; empty when there was none, `closed` when there was no answer. */
  async function sentTo(sandbox: Sandbox, url: string): Promise<string> {
    const answer = await run(sandbox, `curl -s -m 5 ${url} || echo closed`)
    if (!answer.startsWith('{')) return 'closed'
    const { headers } = JSON.parse(answer) as { headers: string[] }
    return headers.filter((_, at) => headers[at - 1] === 'Authorization').join()
  }
  const greeting = async (sandbox: Sandbox): Promise<string> =>
    await run(sandbox, `timeout 3 bash -c 'grep -a . < /dev/tcp/${OTHER}/7001' 2>/dev/null || echo closed`)
  const proxied = async (): Promise<string[]> => JSON.parse(await internet.ask('')) as string[]

  it('sets headers over HTTP and HTTPS, for curl, Node and Python, and their values are nowhere in the guest or the log', async () => {
    const sandbox = keep(await Sandbox.create({ network: { rules } }))
    const found = await run(
      sandbox,
      `sudo grep -rlsI owner-4711 /etc /home /root /run /tmp /usr/local /var /proc/[0-9]*/environ`,
    )
    expect(found).toBe('')
    for (const scheme of ['http', 'https']) expect(await sentTo(sandbox, `${scheme}://api.test/`)).toBe(SECRET)
    expect(await sentTo(sandbox, 'http://other.test/')).toBe('')
    const node = `fetch('https://api.test/').then((r) => r.text()).then((t) => console.log(t.includes('owner-4711')))`
    expect(await run(sandbox, `node -e "${node}"`)).toBe('true')
    const python = `import urllib.request as u; print('owner-4711' in u.urlopen('https://api.test/').read().decode())`
    expect(await run(sandbox, `python3 -c "${python}"`)).toBe('True')
    expect((await sandbox.getInfo()).network?.rules).toEqual(rules)
    expect(readFileSync(join(installation.data, 'logs', 'service.log'), 'utf8')).not.toContain('owner-4711')
  })

  it('sets them for a running one without cutting its streams, over a wake from disk and a restart, until they are taken back', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000 }))
    const stream = await sandbox.commands.run('cat', { background: true, stdin: true })
    expect(await sentTo(sandbox, 'https://api.test/')).toBe('closed') // the test's own authority, which it does not know
    await sandbox.updateNetwork({ rules })
    expect(await sentTo(sandbox, 'https://api.test/')).toBe(SECRET)
    await sandbox.commands.sendStdin(stream.pid, 'still here\n')
    await sandbox.commands.closeStdin(stream.pid)
    expect((await stream.wait()).stdout).toBe('still here\n')
    await sandbox.pause()
    await dropToDisk(installation, sandbox.sandboxId)
    await sandbox.connect({ timeoutMs: 300_000 })
    expect(await sentTo(sandbox, 'https://api.test/')).toBe(SECRET)
    await restart(settings)
    expect(await sentTo(sandbox, 'https://api.test/')).toBe(SECRET)
    await sandbox.updateNetwork({})
    expect(await sentTo(sandbox, 'https://api.test/')).toBe('closed')
    expect(await sentTo(sandbox, 'http://api.test/')).toBe('')
    expect(await run(sandbox, 'ls /usr/local/share/ca-certificates')).toBe('')
  })

  it('goes through a proxy, over a wake from disk and a restart, and never around it', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 300_000, network: { egressProxy } }))
    const { egressProxy: shown } = (await sandbox.getInfo()).network ?? {}
    expect(shown).toEqual({ address: egressProxy.address, username: egressProxy.username })
    expect(await greeting(sandbox)).not.toBe(DIRECT)
    await sandbox.pause()
    await dropToDisk(installation, sandbox.sandboxId)
    await sandbox.connect({ timeoutMs: 300_000 })
    expect(await greeting(sandbox)).not.toBe(DIRECT)
    await restart(settings)
    expect(await greeting(sandbox)).not.toBe(DIRECT)
    expect(await proxied()).toEqual(Array(3).fill(`someone ${OTHER}:7001`))
    await sandbox.updateNetwork({ egressProxy: { ...egressProxy, address: `${SOCKS}:1099` } })
    expect(await greeting(sandbox)).toBe('closed')
    await sandbox.updateNetwork({ egressProxy, denyOut: [OTHER] })
    expect(await greeting(sandbox)).toBe('closed')
    await sandbox.updateNetwork({})
    expect(await greeting(sandbox)).toBe(DIRECT)
    const log = readFileSync(join(installation.data, 'logs', 'service.log'), 'utf8')
    expect(log).not.toContain(SOCKS_LOGIN.password)
  })

  it('refuses a proxy in a private network, and one that has no address, before there is a sandbox', async () => {
    for (const address of ['inside.test:1080', '127.0.0.1:1080', 'nowhere.test:1080']) {
      await expect(Sandbox.create({ network: { egressProxy: { address } } })).rejects.toThrow(/no public IPv4 address/)
    }
  })

  it('is what the Python package says too, with name servers of the sandbox', async () => {
    const program = join(import.meta.dirname, 'python', 'egress_rules.py')
    expect(await runPython(program, [DNS2])).toContain('scenario passed')
    expect(await proxied()).toEqual(['someone only.test:443'])
  })
})
