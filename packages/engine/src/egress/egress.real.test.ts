import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { networkNames } from '../network/network-names.ts'
import { NetworkLab } from '../testing/network-lab.ts'
import { startEgressHost } from '../testing/egress-host.ts'
import type { EgressPolicy } from './egress-policy.ts'
import type { NameProxyPorts } from './egress-ruleset.ts'

const SUBNET = '10.231.1.0/24'
const [OPEN, OTHER, DNS] = ['203.0.113.10', '203.0.113.20', '203.0.113.53']
/** A private address that answers all the same: what a name may be made to point at. */
const PRIVATE = '10.99.0.1'

/** A host with two sandboxes (`a`, which has a policy, and `b`) and an internet with web servers and a name server, all in namespaces. */
describe('egress', () => {
  const instance = randomBytes(3).toString('hex')
  const names = networkNames(instance)
  const lab = new NetworkLab(`drowse-${instance}`)
  let told: (policy: EgressPolicy | undefined) => Promise<void>

  beforeAll(async () => {
    await lab.addHost({ instance, subnet: SUBNET, addresses: [OPEN, OTHER, DNS, PRIVATE] })
    await startInternet(lab)
    directory = await mkdtemp(join(tmpdir(), 'drowse-egress-'))
    const nameservers = [DNS]
    const host = await startEgressHost(lab, { instance, subnet: SUBNET, address: '10.231.1.2', nameservers, directory })
    ports = host.ports
    told = host.tell
  })
  let ports: NameProxyPorts
  let directory: string

  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  /** What comes of each try from a sandbox: `open`, or how it fails. */
  async function tries(role: string, list: readonly Try[]): Promise<Record<string, string>> {
    return JSON.parse(await lab.run(role, tryProgram(list))) as Record<string, string>
  }
  const web: Try[] = [
    ['tls', OPEN, 'open.test'],
    ['tls', OPEN, 'other.test'],
    ['tls', OTHER, 'other.test'],
    ['tls', OPEN, ''],
    ['tls', OPEN, 'inside.test'],
    ['http', OPEN, 'open.test'],
    ['http', OPEN, 'other.test'],
    ['dns', DNS, 'open.test'],
    ['dns', DNS, 'other.test'],
    ['tcp', OTHER, '7001'],
  ]
  const all = (result: string): Record<string, string> =>
    Object.fromEntries(web.map((each) => [each.join(' '), result]))

  test('without a policy all of it is reached, so the other tests prove something', async () => {
    await told(undefined)
    expect(await tries('a', web)).toEqual(all('open'))
  })

  test('a policy that denies all lets nothing out, not even DNS; the neighbour is not touched', async () => {
    await told({ allow: [], deny: ['0.0.0.0/0'], domains: [] })
    expect(await tries('a', web)).toEqual(all('closed'))
    expect(await tries('b', web)).toEqual(all('open'))
  })

  test('allowed networks are open although all is denied, and a denied one is closed although nothing else is', async () => {
    await told({ allow: [`${OTHER}/32`], deny: ['0.0.0.0/0'], domains: [] })
    const open = ['tls 203.0.113.20 other.test', 'tcp 203.0.113.20 7001']
    expect(await tries('a', web)).toEqual({
      ...all('closed'),
      ...Object.fromEntries(open.map((name) => [name, 'open'])),
    })
    await told({ allow: [], deny: ['203.0.113.20'], domains: [] })
    const closed = Object.fromEntries(open.map((name) => [name, 'closed']))
    expect(await tries('a', web)).toEqual({ ...all('open'), ...closed })
  })

  test('domains open their names by TLS, HTTP and DNS, and nothing else, whatever address is dialled', async () => {
    await told({ allow: [], deny: ['0.0.0.0/0'], domains: ['open.test', 'inside.test'] })
    const open = ['tls 203.0.113.10 open.test', 'http 203.0.113.10 open.test', 'dns 203.0.113.53 open.test']
    expect(await tries('a', web)).toEqual({
      ...all('closed'),
      ...Object.fromEntries(open.map((name) => [name, 'open'])),
    })
    // The address in the packet is of no account: the name's own is dialled.
    expect(await tries('a', [['tls', '198.51.100.9', 'open.test']])).toEqual({ 'tls 198.51.100.9 open.test': 'open' })
  })

  test('a new policy ends connections that are open', async () => {
    await told(undefined)
    const lines = (
      await lab.start(
        'a',
        `import { connect } from 'node:net'
         const socket = connect({ host: '${OTHER}', port: 7002 }, () => { console.log('ready') })
         socket.on('data', () => console.log('echo'))
         socket.on('error', () => console.log('error'))
         setInterval(() => socket.write('x'), 20)`,
      )
    ).lines
    expect((await lines.next()).value).toBe('echo')
    await told({ allow: [], deny: ['0.0.0.0/0'], domains: [] })
    let last = ''
    while (last !== 'error') last = String((await lines.next()).value)
    expect(last).toBe('error')
  })

  test('nobody reaches the proxy but by redirection', async () => {
    await told({ allow: [], deny: [], domains: ['open.test'] })
    for (const [role, host] of [
      ['b', '10.231.1.5'],
      ['a', '10.231.1.1'],
      ['internet', '203.0.113.1'],
    ] as const) {
      const doors = Object.values(ports).map((port) => `${host}|${port}`)
      expect(await lab.probe(role, doors)).toEqual(Object.fromEntries(doors.map((door) => [door, 'closed'])))
    }
  })

  test('a start of the service leaves the rules in force, and an uninstall leaves none', async () => {
    await told({ allow: [], deny: ['0.0.0.0/0'], domains: [] })
    await lab.run(
      'host',
      `import { installFirewall } from '../network/firewall.ts'
       await installFirewall({ instance: '${instance}', sandboxSubnet: '${SUBNET}', nameservers: ['${DNS}'] })`,
    )
    expect(await tries('a', [['tcp', OTHER, '7001']])).toEqual({ [`tcp ${OTHER} 7001`]: 'closed' })
    const tables = await lab.run(
      'host',
      `import { execFileSync } from 'node:child_process'
       import { removeFirewall } from '../network/firewall.ts'
       await removeFirewall({ instance: '${instance}' })
       console.log(execFileSync('nft', ['list', 'tables']).toString())`,
    )
    expect(tables).not.toContain(names.table)
  })
})

/** Kind, address, and the name (for `tcp` the port) that is asked for. */
type Try = ['tls' | 'http' | 'dns' | 'tcp', string, string]

function tryProgram(list: readonly Try[]): string {
  return `
    import { connect } from 'node:net'
    import { connect as connectTls } from 'node:tls'
    import { request } from 'node:http'
    import { Resolver } from 'node:dns/promises'
    const LIMIT = 1500
    const attempt = ([kind, host, name]) => new Promise((resolve) => {
      const end = (result) => resolve([[kind, host, name].join(' '), result])
      setTimeout(end, LIMIT, 'closed').unref()
      if (kind === 'tls') {
        const socket = connectTls({ host, port: 443, servername: name, rejectUnauthorized: false }, () => { end('open'); socket.destroy() })
        socket.on('error', () => end('closed')).on('close', () => end('closed'))
      } else if (kind === 'http') {
        const sent = request({ host, port: 80, headers: { host: name } }, (response) => { response.resume(); end('open') })
        sent.on('error', () => end('closed')).end()
      } else if (kind === 'dns') {
        const resolver = new Resolver({ timeout: 500, tries: 1 })
        resolver.setServers([host])
        resolver.resolve4(name).then(() => end('open'), () => end('closed'))
      } else {
        const socket = connect({ host, port: Number(name) }, () => { end('open'); socket.destroy() })
        socket.on('error', () => end('closed'))
      }
    })
    console.log(JSON.stringify(Object.fromEntries(await Promise.all(${JSON.stringify(list)}.map(attempt)))))
    process.exit(0)`
}

/** Web servers on 80 and 443, a greeting on 7001, an echo on 7002, and a name server over UDP and TCP. */
async function startInternet(lab: NetworkLab): Promise<void> {
  await lab.listen('internet', 7001)
  await lab.start(
    'internet',
    `import { execFileSync } from 'node:child_process'
     import { createSocket } from 'node:dgram'
     import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
     import { createServer as createHttp } from 'node:http'
     import { createServer } from 'node:net'
     import { createServer as createTls } from 'node:tls'
     import { decode, encode } from 'dns-packet'
     const folder = mkdtempSync('/tmp/drowse-egress-')
     const [key, cert] = ['key.pem', 'cert.pem'].map((name) => folder + '/' + name)
     execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=x', '-keyout', key, '-out', cert, '-days', '1'], { stdio: 'ignore' })
     const tls = { key: readFileSync(key), cert: readFileSync(cert) }
     rmSync(folder, { recursive: true })
     const quiet = (server) => server.on('error', () => {}).on('tlsClientError', () => {})
     const up = (server, port) => new Promise((resolve) => quiet(server).listen(port, '0.0.0.0', resolve))
     await up(createTls(tls, (socket) => socket.on('error', () => {})), 443)
     await up(createHttp((request, response) => response.end('hello')), 80)
     await up(createServer((socket) => socket.on('error', () => {}).pipe(socket)), 7002)
     const known = { 'open.test': '${OPEN}', 'other.test': '${OTHER}', 'inside.test': '${PRIVATE}' }
     const reply = (message) => {
       const { id, questions } = decode(message)
       const data = known[questions[0].name]
       return encode({ type: 'response', id, questions, answers: data === undefined ? [] : [{ type: 'A', name: questions[0].name, data }] })
     }
     const udp = createSocket('udp4')
     udp.on('message', (message, from) => udp.send(reply(message), from.port, from.address))
     await new Promise((resolve) => udp.bind(53, '${DNS}', resolve))
     await up(createServer((socket) => {
       socket.on('error', () => {})
       socket.on('data', (chunk) => {
         const answer = reply(chunk.subarray(2))
         const length = Buffer.alloc(2)
         length.writeUInt16BE(answer.length)
         socket.write(Buffer.concat([length, answer]))
       })
     }), 53)
     console.log('ready')`,
  )
}
